// 智慧门禁: doors of rental houses and stairwells. A door held open is a fire and theft risk; there is no remote locking.
import { COMMON_COMMANDS, COMMON_EVENTS, COMMON_METRICS, commonAttributes } from './common.ts'
import { attribute, binary, command, flag, level, log, MINUTE, momentary, pair, recommended } from './notation.ts'
import type { Rule } from '../rules.ts'
import type { Kind } from './kind.ts'

const CREDENTIAL = ['credential', 'person', 'reason']

const doorOpen: Rule = {
  id: 'access.door_open',
  type: 'threshold',
  signal: 'door_open',
  metric: 'door_open',
  title: { zh: '门长开', en: 'Door held open' },
  category: 'security',
  cause: 'behaviour',
  provenance: recommended(),
  direction: 'high',
  variants: [
    {
      // One limit, two patience times: the delay makes the level.
      levels: [
        { ...level('warn', 1, 4, 2 * MINUTE), onDelayAttribute: 'heldAfterSeconds' },
        level('alarm', 1, 3, 10 * MINUTE),
      ],
      deadband: { absolute: 0 },
      offDelay: 5,
    },
  ],
  also: [flag('door_held', 'warn', 4)],
}

const doorForced: Rule = {
  id: 'access.door_forced',
  type: 'event',
  mode: 'pair',
  signal: 'door_forced',
  title: { zh: '强行开门', en: 'Door forced' },
  category: 'security',
  cause: 'behaviour',
  provenance: recommended(),
  raises: [{ event: 'door_forced', priority: 3 }],
  returns: ['door_forced_cleared'],
  offDelay: 30,
  latch: true,
}

const duress: Rule = {
  id: 'access.duress',
  type: 'event',
  mode: 'momentary',
  signal: 'duress',
  title: { zh: '胁迫开门报警', en: 'Duress' },
  category: 'security',
  cause: 'behaviour',
  provenance: recommended(),
  raises: [{ event: 'duress', priority: 2 }],
  returns: [],
  offDelay: 0,
  latch: true,
}

const deniedBurst: Rule = {
  id: 'access.denied_burst',
  type: 'planned',
  needs: 'events counted in a window: 5 access_denied in 5 min → P4, off-delay 10 min',
  signal: 'access_denied',
  title: { zh: '多次刷卡（识别）失败', en: 'Repeated denied access' },
  category: 'security',
  cause: 'behaviour',
  provenance: recommended(),
}

export const access: Kind = {
  name: 'access',
  label: { zh: '智慧门禁', en: 'Access' },
  reportEverySeconds: 60,
  power: 'mains',
  metrics: [
    binary('door_open', '门', 'Door', { zh: '门开', en: 'open' }),
    binary('lock_locked', '锁', 'Lock', { zh: '锁闭', en: 'locked' }),
    ...COMMON_METRICS,
  ],
  events: [
    log('access_granted', '通行', 'Access granted', CREDENTIAL),
    log('access_denied', '拒绝通行', 'Access denied', CREDENTIAL),
    log('door_opened', '开门', 'Door opened'),
    log('door_closed', '关门', 'Door closed'),
    ...pair('door_forced', '强行开门', 'Door forced'),
    ...pair('door_held', '门长开', 'Door held open', ['seconds']),
    momentary('duress', '胁迫开门', 'Duress'),
    log('fire_release', '消防联动释放', 'Released by fire linkage'),
    log('fire_release_cleared', '消防联动释放恢复', 'Fire release cleared'),
    ...COMMON_EVENTS,
  ],
  commands: [
    command('door_unlock', '开门', 'Unlock door', 15, {
      args: { seconds: { type: 'number', min: 1, max: 30 } },
      dangerous: true,
    }),
    command('door_hold_open', '保持门开', 'Hold door open', 15, {
      args: { minutes: { type: 'number', min: 1, max: 120 } },
      dangerous: true,
    }),
    command('door_normal', '恢复门禁', 'Back to normal', 15),
    ...COMMON_COMMANDS,
  ],
  attributes: [
    attribute('exit', '疏散出口', 'Escape exit', 'boolean', { default: false }),
    attribute('heldAfterSeconds', '门长开时限（秒）', 'Held open after (s)', 'number', {
      default: 120,
      min: 0,
      max: 86_400,
    }),
    ...commonAttributes('mains'),
  ],
  rules: [doorOpen, doorForced, duress, deniedBurst],
}
