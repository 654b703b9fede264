// Rules `device.*`: what can go wrong with any device, whatever it measures. Adapted to the kind where the kind decides.
import { cited, DAY, flag, HOUR, level, MINUTE, recommended } from './notation.ts'
import type { CountRule, EventRule, Priority, Rule, SilenceRule, ThresholdRule } from '../rules.ts'
import type { Kind, KindName } from './kind.ts'

/** Kinds that guard lives by themselves: their silence, faults and batteries weigh more. */
const FAULT_IS_SERIOUS: ReadonlySet<KindName> = new Set(['electricity', 'gas', 'smoke'])
const BATTERY_IS_SERIOUS: ReadonlySet<KindName> = new Set(['gas', 'smoke'])
const SILENCE_IS_SERIOUS: ReadonlySet<KindName> = new Set(['gas', 'smoke', 'gateway'])

function silent({ name, power }: Kind): SilenceRule {
  const onMains = {
    levels: [
      { name: 'warn' as const, intervals: 3, atLeast: 90, grace: 60, priority: 4 as const },
      // Ten minutes, but not before three reports are missing from a detector that reports rarely.
      ...(SILENCE_IS_SERIOUS.has(name)
        ? [{ name: 'alarm' as const, intervals: 3, atLeast: 10 * MINUTE, grace: 0, priority: 3 as const }]
        : []),
      // A day; a tenth of slack for one that reports daily.
      { name: 'high' as const, intervals: 1.1, atLeast: DAY, grace: 0, priority: 3 as const },
    ],
  }
  const onBattery = {
    levels: [
      { name: 'warn' as const, intervals: 0, atLeast: 26 * HOUR, grace: 0, priority: 4 as const },
      { name: 'alarm' as const, intervals: 0, atLeast: 49 * HOUR, grace: 0, priority: 3 as const },
    ],
  }
  return {
    id: 'device.silent',
    type: 'silence',
    signal: 'silent',
    title: { zh: '失联', en: 'Silent' },
    category: 'offline',
    cause: 'condition',
    provenance: cited(
      'P',
      'GB/T 45839-2025',
      '通信中断 24 h 内报故障；其余时限为本项目推荐值',
      'Loss of communication is a fault within 24 h; the other times are recommended',
    ),
    variants:
      power === 'mains'
        ? [{ when: { power: 'battery' }, ...onBattery }, onMains]
        : [{ when: { power: 'mains' }, ...onMains }, onBattery],
    also: [
      {
        ...flag('mains_lost', 'warn', name === 'gateway' ? 3 : 4, { returnedBy: 'mains_restored' }),
        title: { zh: '停电', en: 'Power cut' },
      },
    ],
  }
}

function fault({ name }: Kind): EventRule {
  const priority: Priority = FAULT_IS_SERIOUS.has(name) ? 3 : 4
  return {
    id: 'device.fault',
    type: 'event',
    mode: 'pair',
    signal: 'fault',
    title: { zh: '设备故障', en: 'Device fault' },
    category: 'fault',
    cause: 'condition',
    provenance: cited(
      'P',
      'GB/T 45839-2025',
      '设备故障 100 s 内显示；级别为本项目推荐值',
      'A device fault is shown within 100 s; the priority is recommended',
    ),
    raises: [
      { event: 'fault', priority },
      {
        event: 'self_test',
        data: { ok: false },
        priority,
        returnedBy: { event: 'self_test', data: { ok: true } },
      },
    ],
    returns: ['fault_cleared'],
    offDelay: 0,
    latch: false,
  }
}

const tamper: EventRule = {
  id: 'device.tamper',
  type: 'event',
  mode: 'pair',
  signal: 'tamper',
  title: { zh: '设备拆动', en: 'Tamper' },
  category: 'security',
  cause: 'behaviour',
  provenance: recommended(),
  raises: [{ event: 'tamper', priority: 3 }],
  returns: ['tamper_cleared'],
  offDelay: 30,
  latch: false,
}

function manualAlarm({ name }: Kind): EventRule {
  return {
    id: 'device.manual_alarm',
    type: 'event',
    mode: 'pair',
    signal: 'manual_alarm',
    title: { zh: '手动报警/求助', en: 'Manual alarm' },
    category: name === 'access' ? 'security' : 'fire',
    cause: 'condition',
    provenance: recommended(),
    raises: [{ event: 'manual_alarm', priority: 1 }],
    returns: ['manual_alarm_cleared'],
    offDelay: 0,
    latch: true,
  }
}

function battery({ name }: Kind): ThresholdRule {
  const low: Priority = BATTERY_IS_SERIOUS.has(name) ? 3 : 4
  return {
    id: 'device.battery',
    type: 'threshold',
    signal: 'battery',
    metric: 'battery',
    title: { zh: '电池欠压', en: 'Battery low' },
    category: 'maintenance',
    cause: 'condition',
    provenance: recommended(),
    direction: 'low',
    variants: [
      { levels: [level('warn', 20, 4, DAY), level('alarm', 10, low, DAY)], deadband: { absolute: 3 }, offDelay: DAY },
    ],
    also: [flag('battery_low', 'alarm', low, { returnedBy: 'battery_ok' })],
  }
}

const endOfLife: EventRule = {
  id: 'device.end_of_life',
  type: 'event',
  mode: 'momentary',
  signal: 'end_of_life',
  title: { zh: '寿命到期（报废）', en: 'End of life' },
  category: 'maintenance',
  cause: 'condition',
  provenance: cited(
    'P',
    'GB/T 45839-2025',
    '设备报废（寿命到期）为规定的信息类型；级别为本项目推荐值',
    'End of life is one of its message types; the priority is recommended',
  ),
  raises: [{ event: 'end_of_life', priority: 3 }],
  returns: [],
  offDelay: 0,
  // Until replaced: a worn-out detector does not get better.
  latch: true,
}

const settingChanged: EventRule = {
  id: 'device.setting_changed',
  type: 'event',
  mode: 'momentary',
  signal: 'setting_changed',
  title: { zh: '整定值改动', en: 'Setting changed' },
  category: 'maintenance',
  cause: 'behaviour',
  provenance: cited(
    'S',
    'GB 14287.5-2025',
    '整定值仅可用专用工具或密码更改；级别为本项目推荐值',
    'A setpoint may be changed only with a special tool or password; the priority is recommended',
  ),
  raises: [
    { event: 'setting_changed', data: { by: 'hub' }, priority: 4 },
    { event: 'setting_changed', priority: 3 },
  ],
  returns: [],
  offDelay: 0,
  latch: false,
}

const clock: CountRule = {
  id: 'device.clock',
  type: 'count',
  counts: 'clock_ahead',
  signal: 'clock',
  title: { zh: '设备时钟超前', en: 'Device clock ahead' },
  category: 'data',
  cause: 'condition',
  provenance: recommended('连续 3 条超前 300 s 以上', 'Three messages in a row more than 300 s ahead'),
  atLeast: 3,
  window: 0,
  offDelay: 10 * MINUTE,
  priority: 4,
}

const data: CountRule = {
  id: 'device.data',
  type: 'count',
  counts: 'rejections',
  signal: 'data',
  title: { zh: '设备数据异常', en: 'Device data rejected' },
  category: 'data',
  cause: 'condition',
  provenance: recommended(),
  atLeast: 3,
  window: 10 * MINUTE,
  offDelay: 30 * MINUTE,
  priority: 4,
}

const flapping: CountRule = {
  id: 'device.flapping',
  type: 'count',
  counts: 'disconnects',
  signal: 'flapping',
  title: { zh: '反复掉线', en: 'Connection flapping' },
  category: 'offline',
  cause: 'condition',
  provenance: recommended(),
  atLeast: 3,
  window: 30 * MINUTE,
  offDelay: 30 * MINUTE,
  priority: 4,
}

const flatline: Rule = {
  id: 'device.flatline',
  type: 'planned',
  needs: 'flat line: a measured value identical for more than 24 h → P4',
  signal: 'flatline',
  title: { zh: '数值长时间不变', en: 'Flat line' },
  category: 'data',
  cause: 'condition',
  provenance: recommended(),
}

/** What a camera shares with the rest: events that come from elsewhere can be wrong in content and in time. */
const ON_ANY_SOURCE: readonly Rule[] = [clock, data]

/** The rules `device.*` of a kind. Without telemetry there is no silence, battery or fault to see. */
export function deviceRules(kind: Kind): readonly Rule[] {
  if (kind.reportEverySeconds === null) return ON_ANY_SOURCE
  return [
    silent(kind),
    fault(kind),
    tamper,
    manualAlarm(kind),
    battery(kind),
    endOfLife,
    settingChanged,
    ...ON_ANY_SOURCE,
    flapping,
    flatline,
  ]
}
