// 网关/传输装置: what has several measuring points, with one child device each.
import { COMMON_COMMANDS, COMMON_EVENTS, COMMON_METRICS, commonAttributes } from './common.ts'
import { attribute, binary, command, HOUR, log, metric, MINUTE } from './notation.ts'
import type { Kind } from './kind.ts'

export const gateway: Kind = {
  name: 'gateway',
  label: { zh: '网关/传输装置', en: 'Gateway' },
  reportEverySeconds: 60,
  power: 'mains',
  metrics: [
    metric('children_online', '', [0, 2_000, 1], '在线子设备', 'Children online'),
    binary('mains_on', '市电', 'Mains', { zh: '有电', en: 'on' }),
    metric('storage_free', '%', [0, 100, 1], '剩余存储', 'Free storage'),
    ...COMMON_METRICS,
  ],
  events: [
    log('link_changed', '链路切换', 'Link changed', ['link']),
    log('roll_call_answered', '查岗应答', 'Roll call answered', ['operator']),
    ...COMMON_EVENTS,
  ],
  commands: [
    command('roll_call', '查岗', 'Roll call', HOUR, {
      args: { minutes: { type: 'number', min: 1, max: 60 } },
      expiryArgument: { name: 'minutes', unitSeconds: MINUTE },
    }),
    command('time_sync', '校时', 'Synchronise clock', 30),
    // A gateway's restart silences all its children for a while.
    ...COMMON_COMMANDS.map((c) => (c.name === 'reboot' ? { ...c, dangerous: true } : c)),
  ],
  attributes: [
    attribute('dialect', '协议', 'Dialect'),
    attribute('address', '地址', 'Address'),
    ...commonAttributes('mains'),
  ],
  rules: [],
}
