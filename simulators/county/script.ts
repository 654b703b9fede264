// The first ten minutes of the demonstration, as data: when, what happens to whom, which alarm row it must bring, and what
// the newcomer is told. World time; seconds from the start, negative before it.
import type { TransitionType } from '../../contract/alarms.ts'
import type { LevelName, Priority } from '../../contract/rules.ts'
import type { Bilingual } from '../../contract/rules.ts'
import { incident } from '../incidents.ts'
import type { IncidentName } from '../incidents.ts'
import { FEEDER } from './county.ts'
import type { County, Happening } from './county.ts'

/** A transition that the hub must journal: not before `at`, and at most `within` seconds later. */
export interface Expected {
  readonly deviceId: string
  readonly signal: string
  readonly channel: string
  readonly type: TransitionType
  readonly priority: Priority
  readonly level?: LevelName
  readonly at: number
  readonly within: number
}

export interface ScriptLine {
  readonly at: number
  readonly hint: Bilingual
  readonly happens: readonly Happening[]
  readonly expects: readonly Expected[]
}

/** The story ends here; what comes after is `later`. */
export const SCRIPT_SECONDS = 600
/** So long before the start the story begins to prepare. */
export const PRE_ROLL_SECONDS = 600

const M = 60
const DAY = 86_400

/** The story of a county that is shown from `start` on. */
export function script(county: County, start: number): ScriptLine[] {
  const idOf = (name: string): string => county.called(name).id
  const to = (
    name: string,
    what: IncidentName,
    at: number,
    given: { seconds?: number; value?: number; metric?: string } = {},
  ): Happening => ({ deviceId: idOf(name), incident: incident(what, start + at * 1000, given) })
  const row = (
    name: string,
    signal: string,
    type: TransitionType,
    priority: Priority,
    at: number,
    within: number,
    { channel = '', level }: { readonly channel?: string; readonly level?: LevelName } = {},
  ): Expected => ({
    deviceId: idOf(name),
    signal,
    channel,
    type,
    priority,
    at,
    within,
    ...(level === undefined ? {} : { level }),
  })
  const line = (
    at: number,
    zh: string,
    en: string,
    happens: Happening[] = [],
    expects: Expected[] = [],
  ): ScriptLine => ({
    at,
    hint: { zh, en },
    happens,
    expects,
  })
  /** What the device measures then without the story. */
  const usually = (name: string, metric: string, at: number): number =>
    county
      .called(name)
      .build([])
      .values(start + at * 1000)[metric] ?? 0

  const grain = '恒丰粮油 总进线'
  const gate = '槐荫 7 号 大门'
  const kitchen = '槐荫 12 号 共用厨房'
  const metalware = '广利五金 总进线'
  const arcing = '槐荫 33 号 二层回路'
  const burning = '槐荫 33 号 二楼走道'
  const weak = '槐荫 3 号 二楼走道'
  const room = '槐荫 21 号 205 室'
  const [wrongClock, twice, overtaken, garbled] = [
    '槐荫 6 号 总进线',
    '槐荫 8 号 总进线',
    '槐荫 10 号 总进线',
    '槐荫 18 号 总进线',
  ]
  // A loose terminal that brings the cable to 73 ℃ at 3:40, however warm the day: 1 − e^(−100 s / 180 s) of its rise.
  const terminalRise = (73 - usually(metalware, 'temperature_b', 3 * M + 40)) / (1 - Math.exp(-100 / 180))
  const kettle = 1_900 - usually(room, 'power', 8 * M + 56)

  return [
    line(-10 * M, '预演：漏电缓升，一扇门被顶开', 'pre-roll: leakage creeps, a door is propped open', [
      to(grain, 'creep', -10 * M, { seconds: 10 * M, value: 195 }),
      to(gate, 'propped', -(9 * M + 40), { seconds: 12 * M + 30 }),
      to(weak, 'weak_battery', 10 - DAY, { value: 18 }),
    ]),
    line(0, '平静的值守台：图表已有 24 小时历史', 'a quiet desk; the charts already hold 24 hours'),
    line(
      10,
      '● 电量 18 %：只进“维护”，不响',
      '● battery 18 %: in the maintenance tab only, silent',
      [],
      [row(weak, 'battery', 'raised', 4, 10, 5)],
    ),
    line(
      20,
      '◆ 门长开 10 分钟：一声提示；王大姐的手机也收到',
      '◆ door open for 10 minutes: one chime; on Wang’s phone too',
      [],
      [row(gate, 'door_open', 'level_changed', 3, 20, 10)],
    ),
    line(
      35,
      '▲ 剩余电流 318 mA ≥ 300：看曲线、限值、条文',
      '▲ residual current 318 mA ≥ 300: see curve, limit, clause',
      [to(grain, 'creep', 12, { seconds: 20, value: 318 })],
      [row(grain, 'residual_current', 'raised', 2, 29, 15)],
    ),
    line(
      46,
      '▲ 燃气低限，几秒后同一行升为 ■ 高限：警号、语音、首句',
      '▲ gas at its low limit; seconds later the same row rises to ■: horn, voice, first sentence',
      [to(kitchen, 'leak', 42, { seconds: 38, value: 70 })],
      [
        row(kitchen, 'gas_lel', 'raised', 2, 44, 8),
        row(kitchen, 'gas_lel', 'level_changed', 1, 48, 8, { level: 'alarm' }),
        row(kitchen, 'gas_lel', 'level_changed', 1, 60, 20, { level: 'high' }),
      ],
    ),
    line(
      90,
      '试试：Enter 选中，A 接警；不接，60 秒后警号更响',
      'try: Enter, then A to acknowledge; without it the horn grows louder after 60 s',
    ),
    line(
      3 * M,
      '已通风：燃气已恢复，锁定待复位；按 R 复位',
      'aired: gas is back to normal and latched; R resets it',
      [],
      [row(kitchen, 'gas_lel', 'returned', 1, 2 * M + 50, 25)],
    ),
    line(
      3 * M + 40,
      '▲ 线缆温度 73 ℃：接线端子松动，热得慢',
      '▲ cable at 73 ℃: a loose terminal warms with a lag',
      [to(metalware, 'hot_terminal', 2 * M, { seconds: 3 * M, value: terminalRise, metric: 'temperature_b' })],
      [row(metalware, 'temperature', 'level_changed', 2, 3 * M + 20, 35, { channel: 'b' })],
    ),
    line(
      4 * M + 10,
      '探头连发 6553.5：拒收，另有一条 ● 数据异常；报警冻结，不会恢复',
      'its probe sends 6553.5: rejected, one ● data row; the alarm freezes, it does not clear',
      [to(metalware, 'error_code', 4 * M + 10, { seconds: 25 * M, metric: 'temperature_b' })],
      [
        row(metalware, 'temperature', 'frozen', 2, 4 * M + 10, 10, { channel: 'b' }),
        row(metalware, 'data', 'raised', 4, 4 * M + 10, 20),
      ],
    ),
    line(
      5 * M,
      '▲ 故障电弧；20 秒后同一户 ■ 火警，同一条电弧报警升为 ■',
      '▲ an arc fault; 20 seconds later ■ fire in the same house, and the same arc alarm rises to ■',
      [to(arcing, 'arc', 5 * M), to(burning, 'fire', 5 * M + 20, { seconds: 3 * M, value: 60 })],
      [
        row(arcing, 'arc_fault', 'raised', 2, 5 * M, 5, { channel: 'a' }),
        row(burning, 'smoke', 'raised', 1, 5 * M + 20, 5),
        row(arcing, 'arc_fault', 'level_changed', 1, 5 * M + 20, 5, { channel: 'a' }),
      ],
    ),
    line(
      5 * M + 30,
      '用 mosquitto_pub 发一条自己的读数，看它几毫秒上屏',
      'send a reading of your own with mosquitto_pub and see its milliseconds',
    ),
    line(
      6 * M,
      '一台设备时钟快 1 小时；另有 200 条重复和乱序：只计数',
      'one clock is an hour ahead; 200 duplicates and stragglers are only counted',
      [
        to(wrongClock, 'clock', 6 * M, { seconds: 40, value: 3_600 }),
        to(twice, 'duplicate', 6 * M, { seconds: 60, value: 10 }),
        to(overtaken, 'out_of_order', 6 * M, { seconds: 60, value: 30 }),
      ],
      [row(wrongClock, 'clock', 'raised', 4, 6 * M, 25)],
    ),
    line(
      6 * M + 40,
      '乱码：3 次拒收合成一条 ● 数据异常，脱敏样本在设备页',
      'misfit payloads: three rejections make one ● data row; redacted samples on its page',
      [to(garbled, 'malformed', 6 * M + 40, { seconds: 30 })],
      [row(garbled, 'data', 'raised', 4, 6 * M + 40, 25)],
    ),
    line(
      7 * M,
      '白鹭镇线路停电：5 台先报失电再断线，是停电，不是离线',
      'a feeder of Bailu fails: five sets say so before they fall silent: a power cut, not offline',
      FEEDER.map((name) => to(name, 'feeder_cut', 7 * M, { seconds: 2 * M })),
      FEEDER.map((name) => row(name, 'silent', 'raised', 4, 7 * M, 5)),
    ),
    line(
      8 * M,
      '断开本页 20 秒，或 kill -9 平台：看遮罩、警示音、“已补齐 n 条，丢失 0”',
      'cut this page off for 20 s, or kill -9 the hub: veil, tone, “caught up n, lost 0”',
    ),
    line(
      9 * M,
      '白鹭镇恢复供电：积压数据补传，只补曲线，不报警',
      'power is back in Bailu: the backlog fills the charts and raises nothing',
      [],
      FEEDER.map((name) => row(name, 'silent', 'returned', 4, 9 * M, 10)),
    ),
    line(
      9 * M + 30,
      '◆ 205 室 1,900 W 超过限额 1,500 W 满 60 秒：王大姐收到，老郑收不到',
      '◆ room 205 draws 1,900 W over its 1,500 W for 60 s: Wang has it, Zheng does not',
      [to(room, 'overload', 8 * M + 26, { seconds: 5 * M, value: kettle })],
      [row(room, 'power', 'raised', 3, 9 * M + 24, 20)],
    ),
    line(10 * M, '十分钟到：收到 = 入库 + 拒收', 'ten minutes: received = stored + rejected'),
  ]
}

export const happeningsOf = (lines: readonly ScriptLine[]): Happening[] => lines.flatMap(({ happens }) => happens)
