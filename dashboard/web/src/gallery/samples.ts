// What the gallery shows its components with: one instant, one alarm of each sort, the longest names there are. Invented.
import type { Alarm } from '../../../../contract/alarms.ts'
import type { Device } from '../../../../contract/http/devices.ts'
import type { HubFigures } from '../../../../contract/http/hub-figures.ts'
import type { Point } from '../chart/aligned.ts'
import type { Priority } from '../../../../contract/rules.ts'

/** 2026-11-21 14:03:27 in Beijing. */
export const AT = Date.UTC(2026, 10, 21, 6, 3, 27)
export const MINUTE_MS = 60_000

export const WANG = { id: 'u2', name: '王秀英' }
/** As long as names get. */
export const LONG_PLACE = [
  '示范县',
  '新型城镇化示范与乡村振兴融合发展先行区街道',
  '易地扶贫搬迁集中安置点幸福新区第三社区',
  '恒丰粮油食品饲料仓储物流加工贸易有限责任公司第二分公司员工集体宿舍',
]
export const LONG_NAME = '三层东侧公共走道配电间总进线剩余电流与温度组合式电气火灾监控探测器'

const GAS: Alarm = {
  id: 'gas',
  seq: 841,
  deviceId: 'gas-12',
  deviceName: '共用厨房',
  siteId: 'site-12',
  place: ['示范县', '青禾街道', '槐荫社区', '12 号'],
  kind: 'gas',
  category: 'gas',
  ruleId: 'gas.gas_lel',
  ruleVersion: 1,
  signal: 'gas_lel',
  channel: '',
  level: 'alarm',
  priority: 1,
  condition: 'active',
  ack: null,
  suppression: null,
  mode: 'normal',
  latched: true,
  title: { zh: '燃气报警', en: 'Gas alarm' },
  value: 62,
  limit: 25,
  unit: '%LEL',
  reason: 'threshold',
  occurrences: 1,
  raisedAt: AT - 41_000,
  clearedAt: null,
  updatedAt: AT - 41_000,
  closedAt: null,
  verdict: null,
}
const CURRENT: Partial<Alarm> = {
  deviceId: 'meter-hf',
  deviceName: '总进线',
  place: ['示范县', '柳岸镇', '河口村', '恒丰粮油'],
  kind: 'electricity',
  category: 'electrical',
  ruleId: 'electricity.residual_current',
  signal: 'residual_current',
  title: { zh: '剩余电流', en: 'Residual current' },
  value: 412.5,
  limit: 300,
  unit: 'mA',
  priority: 2,
}
const SILENT: Partial<Alarm> = {
  kind: 'electricity',
  category: 'offline',
  ruleId: 'device.silent',
  signal: 'silent',
  title: { zh: '设备失联', en: 'Device silent' },
  value: null,
  limit: null,
  unit: '',
  priority: 3,
  latched: false,
}
const acked = { by: WANG, at: AT - 20_000, reason: 'calling', comment: null } as const

let made = 0
/** An alarm of its own: rows are told apart by their id. */
export function alarm(changes: Partial<Alarm> = {}): Alarm {
  made += 1
  return { ...GAS, id: `sample-${made}`, seq: 800 + made, ...changes }
}

/** Every condition, acknowledgement and suppression that a row can show. */
export const STATES: readonly Alarm[] = [
  alarm(),
  alarm({ ack: acked }),
  alarm({ condition: 'latched', value: 4, clearedAt: AT - 5_000 }),
  alarm({ ...CURRENT, occurrences: 12, raisedAt: AT - 192_000 }),
  alarm({ ...CURRENT, latched: false, condition: 'normal', value: 20, clearedAt: AT - 9_000 }),
  alarm({ ...CURRENT, condition: 'frozen', raisedAt: AT - 90 * MINUTE_MS }),
  alarm({
    ...CURRENT,
    suppression: { type: 'shelved', by: WANG, reason: 'repair', at: AT - 9_000, until: AT + 120 * MINUTE_MS },
  }),
  alarm({ ...SILENT, raisedAt: AT - 3 * 1_440 * MINUTE_MS }),
  alarm({
    ...SILENT,
    priority: 4,
    category: 'maintenance',
    title: { zh: '电池电量低', en: 'Battery low' },
    value: 18,
    limit: 20,
    unit: '%',
  }),
  alarm({
    ...CURRENT,
    place: LONG_PLACE,
    deviceName: LONG_NAME,
    title: {
      zh: '剩余电流持续偏高并伴随线缆温度异常',
      en: 'Residual current persistently high with abnormal cable temperature',
    },
    value: 1_234.5,
  }),
]
export const [FRESH, TAKEN] = STATES as readonly [Alarm, Alarm, ...Alarm[]]

export const ofPriority = (priority: Priority): Alarm => alarm({ priority })

export const DEVICE: Device = {
  id: 'gas-12',
  kind: 'gas',
  name: '共用厨房',
  siteId: 'site-12',
  roomId: null,
  place: GAS.place,
  gatewayId: null,
  attributes: {},
  lifecycle: 'in_service',
  online: true,
  lastHeardAt: AT - 3_000,
  worst: null,
  createdAt: AT - 30 * 1_440 * MINUTE_MS,
}
export const DEVICES: readonly Device[] = [
  DEVICE,
  { ...DEVICE, id: 'meter-hf', kind: 'electricity', name: '总进线', online: false, lastHeardAt: AT - 47 * MINUTE_MS },
  {
    ...DEVICE,
    id: 'smoke-33',
    kind: 'smoke',
    name: '二楼走道',
    lifecycle: 'registered',
    online: false,
    lastHeardAt: null,
  },
  { ...DEVICE, id: 'smoke-01', kind: 'smoke', name: '旧仓库', lifecycle: 'retired', online: false },
  {
    ...DEVICE,
    id: 'electricity-of-the-third-floor-east-corridor',
    kind: 'electricity',
    name: LONG_NAME,
    place: LONG_PLACE,
  },
]

/** An hour of one value a minute: calm, then over the limit, with ten minutes of silence in between. */
export const curve = (of: (minute: number) => number): Point[] =>
  Array.from({ length: 61 }, (_, minute) => minute)
    .filter((minute) => minute < 22 || minute > 32)
    .map((minute) => {
      const mean = of(minute)
      return { t: AT - (60 - minute) * MINUTE_MS, min: mean * 0.85, max: mean * 1.15, mean, last: mean, count: 4 }
    })

export const SHOWN: HubFigures['shown'] = {
  count: 128,
  buckets: [
    { le: 0.01, count: 81 },
    { le: 0.05, count: 40 },
    { le: 0.25, count: 6 },
    { le: 1, count: 1 },
    { le: null, count: 0 },
  ],
}
