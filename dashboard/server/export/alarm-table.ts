// Alarms as a table for a spreadsheet: Chinese first, English beside it, times of Asia/Shanghai.
import type { Alarm, Condition } from '../../../contract/alarms.ts'
import { KIND_NAMES } from '../../../contract/kinds/kind.ts'
import { metricOf } from '../../../contract/kinds/table.ts'
import type { Bilingual, Category, Priority } from '../../../contract/rules.ts'
import { BYTE_ORDER_MARK, csvRow } from './csv-row.ts'
import type { Cell } from './csv-row.ts'

const PRIORITIES: Record<Priority, string> = { 1: '1 紧急', 2: '2 严重', 3: '3 一般', 4: '4 提示' }
const CATEGORIES: Record<Category, string> = {
  fire: '火警 fire',
  gas: '燃气 gas',
  electrical: '用电 electrical',
  security: '门禁 security',
  fault: '故障 fault',
  offline: '失联 offline',
  maintenance: '维护 maintenance',
  data: '数据 data',
}
const CONDITIONS: Record<Condition, string> = {
  active: '进行中 active',
  latched: '锁定 latched',
  frozen: '冻结 frozen',
  normal: '已恢复 normal',
}
const VERDICTS: Record<NonNullable<Alarm['verdict']>, string> = {
  real: '真警 real',
  false: '误报 false',
  fault: '故障 fault',
  test: '测试 test',
  maintenance: '检修 maintenance',
  duplicate: '重复 duplicate',
  unreachable: '无法联系 unreachable',
}

const LOCAL = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'Asia/Shanghai',
  dateStyle: 'short',
  timeStyle: 'medium',
})
/** `2026-11-22 04:03:07`: spreadsheets take it for a time. */
const localTime = (at: number | null): string | null => (at === null ? null : LOCAL.format(at))
const seconds = (ms: number): number => Math.max(0, Math.round(ms / 1000))

/** What 1 means where the alarm is about a 0/1 metric; its value is no number, and its limit none either. */
function binaryOf({ kind, signal, channel, unit }: Alarm): Bilingual | null {
  const known = KIND_NAMES.find((name) => name === kind)
  if (known === undefined || unit !== '') return null
  return metricOf(known, channel === '' ? signal : `${signal}_${channel}`)?.binary ?? null
}

function valueOf(alarm: Alarm): Cell {
  const binary = binaryOf(alarm)
  if (binary === null) return alarm.value
  return alarm.value === 1 ? `${binary.zh} ${binary.en}` : null
}

const COLUMNS: readonly (readonly [head: string, cell: (alarm: Alarm, now: number) => Cell])[] = [
  ['级别 Priority', (alarm) => PRIORITIES[alarm.priority]],
  ['报警 Alarm', (alarm) => alarm.title.zh],
  ['英文名 English name', (alarm) => alarm.title.en],
  ['类型 Category', (alarm) => CATEGORIES[alarm.category]],
  ['状态 State', (alarm) => (alarm.closedAt === null ? CONDITIONS[alarm.condition] : '已结束 closed')],
  ['位置 Place', (alarm) => alarm.place.join(' ')],
  ['设备名称 Device name', (alarm) => alarm.deviceName],
  ['设备编号 Device id', (alarm) => alarm.deviceId],
  ['数值 Value', (alarm) => valueOf(alarm)],
  ['限值 Limit', (alarm) => (binaryOf(alarm) === null ? alarm.limit : null)],
  ['单位 Unit', (alarm) => alarm.unit],
  ['触发时间 Raised at', (alarm) => localTime(alarm.raisedAt)],
  ['恢复时间 Cleared at', (alarm) => localTime(alarm.clearedAt)],
  ['持续（秒） Lasted (s)', (alarm, now) => seconds((alarm.clearedAt ?? alarm.closedAt ?? now) - alarm.raisedAt)],
  ['接警人 Acknowledged by', (alarm) => alarm.ack?.by.name ?? null],
  ['接警时间 Acknowledged at', (alarm) => localTime(alarm.ack?.at ?? null)],
  [
    '接警用时（秒） Acknowledged after (s)',
    (alarm) => (alarm.ack === null ? null : seconds(alarm.ack.at - alarm.raisedAt)),
  ],
  ['结束时间 Closed at', (alarm) => localTime(alarm.closedAt)],
  ['次数 Occurrences', (alarm) => alarm.occurrences],
  ['核实结论 Verdict', (alarm) => (alarm.verdict === null ? null : VERDICTS[alarm.verdict])],
  ['原因 Cause', (alarm) => alarm.verdictCause ?? null],
  ['报警编号 Alarm id', (alarm) => alarm.id],
]

/** The file in pieces of one page of alarms each; none is held once it has been taken. */
export async function* alarmTable(pages: AsyncIterable<readonly Alarm[]>, now: number): AsyncGenerator<string> {
  yield BYTE_ORDER_MARK + csvRow(COLUMNS.map(([head]) => head))
  for await (const alarms of pages)
    yield alarms.map((alarm) => csvRow(COLUMNS.map(([, cell]) => cell(alarm, now)))).join('')
}

/** `zhian-alarms-20261122-040307.csv` */
export const alarmTableName = (now: number): string =>
  `zhian-alarms-${LOCAL.format(now).replaceAll(/[-:]/g, '').replace(' ', '-')}.csv`
