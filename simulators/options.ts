// The command line of `npm run simulate`: parsed once, all complaints at once.
import { parseArgs } from 'node:util'
import { incidentHelp, parseIncident, secondsOf } from './incidents.ts'
import type { Incident } from './incidents.ts'
import { isSimulated, SIMULATED_KINDS } from './town.ts'
import type { SimulatedKind } from './town.ts'

export interface Options {
  readonly url: string
  readonly api: string | null
  readonly devicesCsv: string | null
  /** The demonstration county in place of the small town. */
  readonly county: boolean
  readonly counts: Readonly<Partial<Record<SimulatedKind, number>>>
  readonly seed: number
  readonly speed: number
  /** Seconds; null: until interrupted. */
  readonly duration: number | null
  readonly historyHours: number
  readonly historyEverySeconds: number
  readonly faults: readonly { readonly deviceId: string; readonly incident: Incident }[]
  readonly ca: string | null
  readonly oracle: string | null
  /** Where every message sent is written down. */
  readonly record: string | null
  /** A session that is played again in place of a simulated world. */
  readonly replay: string | null
}

export type Parsed =
  | { readonly ok: true; readonly options: Options }
  | { readonly ok: false; readonly help: true }
  | { readonly ok: false; readonly help: false; readonly complaints: readonly string[] }

const DEFAULT_COUNT = 'electricity=6,gas=2,smoke=4,access=2'
/** Samples of one device are at least a second of world time apart: at this speed still two milliseconds. */
const MAX_SPEED = 500

export const HELP = `智安 设备模拟器  Zhi'an device simulator

用法 usage: npm run simulate -- [选项 options]

设备从哪里来 where devices come from (one of the two, or both)
  --api URL              登录平台、登记站点和设备、取得令牌；口令取自环境变量
                         sign in to a hub, register sites and devices, receive tokens:
                         ZHIAN_USERNAME (admin), ZHIAN_PASSWORD or ZHIAN_ADMIN_PASSWORD
  --devices-csv FILE     读取 id,kind,token；与 --api 同用时写入
                         read id,kind,token; together with --api, written instead
  --count LIST           --api 登记的设备数 devices that --api registers
                         [${DEFAULT_COUNT}]

  --county               示范县全部 1,760 台设备，代替 --count；再次运行请用 --devices-csv
                         the whole demonstration county, imported at once in place of --count;
                         to run it again, give the file of --devices-csv

连接与世界 connection and world
  --url URL              mqtt:// 或 or mqtts://  [mqtt://127.0.0.1:1883]
  --ca FILE              信任的证书 PEM  authority to trust for mqtts
  --seed N               随机种子：相同种子，相同世界 same seed, same world [1]
  --speed N              世界快进倍数 world seconds a second, 0.1…${MAX_SPEED} [1]
  --duration TIME        运行时长（现实时间）如 90s 15m 2h；默认直到 Ctrl+C
                         how long to run, real time; until Ctrl+C by default
  --history HOURS        先补传过去的数据 first deliver so many past hours as late data [0]
  --history-every TIME   补传间隔 interval of that history [5m]
  --oracle FILE          每条消息的发送与确认，JSON 行 fate of every message, JSON lines

录制与重放 record and replay
  --record FILE          把发出的每条消息连同时刻、主题、QoS 录下来，JSON 行
                         write down every message sent with its offset, topic and QoS, JSON lines
  --replay FILE          重放录制：同样的消息、同样的间隔，--speed N 为录制时间的倍数；设备来自
                         --api（按录制登记）或 --devices-csv。时间随之改写：录制期间的按倍数压缩，
                         之前的和超前的保持原来的距离。断线不重放，只重放消息。
                         play it again: the same messages at the same offsets, --speed N times as fast;
                         devices from --api (registered as recorded) or --devices-csv. Times are rewritten:
                         those within the session shrink with it, those before it or ahead keep their
                         distance. Messages are replayed, lost connections are not.
  --help

故障 faults (repeatable)
  --fault name[:metric]@device@start[+duration][=value]
      时间为世界时间，从开始算起 world time from the start, e.g.
      --fault leak@gas-001@30s          --fault creep@el-001@1m+10m=318
      --fault error_code:temperature_b@el-002@4m   --fault link_down@el-003@2m+5m

  名称 name       类型 kind   默认 default  说明 meaning
${incidentHelp()}
`

export function parseOptions(args: readonly string[], worldStart: number): Parsed {
  let values: ReturnType<typeof read>
  try {
    values = read(args)
  } catch (error) {
    return { ok: false, help: false, complaints: [error instanceof Error ? error.message : String(error)] }
  }
  if (values.help) return { ok: false, help: true }

  const complaints: string[] = []
  const number = (name: string, text: string, low: number, high: number): number => {
    const value = Number(text)
    if (text.trim() !== '' && value >= low && value <= high) return value
    complaints.push(`--${name} ${text}: ${low}…${high}`)
    return low
  }
  const seconds = (name: string, text: string): number => {
    const value = secondsOf(text)
    if (value !== null && value > 0) return value
    complaints.push(`--${name} ${text}: 应如 like 90s, 15m, 2h`)
    return 1
  }
  const url = (name: string, text: string, protocols: readonly string[]): string => {
    if (!URL.canParse(text) || !protocols.includes(new URL(text).protocol)) {
      complaints.push(`--${name} ${text}: ${protocols.map((protocol) => `${protocol}//host:port`).join(' 或 or ')}`)
    }
    return text
  }

  const options: Options = {
    url: url('url', values.url, ['mqtt:', 'mqtts:']),
    api: values.api === undefined ? null : url('api', values.api, ['http:', 'https:']),
    devicesCsv: values['devices-csv'] ?? null,
    county: values.county,
    counts: countsOf(values.count, complaints),
    seed: Math.trunc(number('seed', values.seed, 0, 0xffff_ffff)),
    speed: number('speed', values.speed, 0.1, MAX_SPEED),
    duration: values.duration === undefined ? null : seconds('duration', values.duration),
    historyHours: number('history', values.history, 0, 7 * 24),
    historyEverySeconds: seconds('history-every', values['history-every']),
    faults: values.fault.flatMap((text) => {
      try {
        return [parseIncident(text, worldStart)]
      } catch (error) {
        complaints.push(`--fault ${error instanceof Error ? error.message : String(error)}`)
        return []
      }
    }),
    ca: values.ca ?? null,
    oracle: values.oracle ?? null,
    record: values.record ?? null,
    replay: values.replay ?? null,
  }
  if (options.api === null && options.devicesCsv === null) {
    complaints.push('需要 --api 或 --devices-csv  give --api or --devices-csv: devices need tokens to log in')
  }
  if (values.replay !== undefined) {
    const given = [
      ...(values.record === undefined ? [] : ['--record']),
      ...(values.county ? ['--county'] : []),
      ...(values.fault.length > 0 ? ['--fault'] : []),
      ...(values.history === '0' ? [] : ['--history']),
    ]
    // What happens in a replay is what was recorded.
    for (const name of given) complaints.push(`--replay ${values.replay}: 不能与 not together with ${name}`)
  }
  return complaints.length > 0 ? { ok: false, help: false, complaints } : { ok: true, options }
}

function read(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: false,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      url: { type: 'string', default: 'mqtt://127.0.0.1:1883' },
      api: { type: 'string' },
      'devices-csv': { type: 'string' },
      county: { type: 'boolean', default: false },
      count: { type: 'string', default: DEFAULT_COUNT },
      seed: { type: 'string', default: '1' },
      speed: { type: 'string', default: '1' },
      duration: { type: 'string' },
      history: { type: 'string', default: '0' },
      'history-every': { type: 'string', default: '5m' },
      fault: { type: 'string', multiple: true, default: [] },
      ca: { type: 'string' },
      oracle: { type: 'string' },
      record: { type: 'string' },
      replay: { type: 'string' },
    },
  }).values
}

function countsOf(text: string, complaints: string[]): Partial<Record<SimulatedKind, number>> {
  const counts: Partial<Record<SimulatedKind, number>> = {}
  for (const part of text.split(',')) {
    const match = /^\s*([a-z]+)=(\d{1,5})\s*$/.exec(part)
    const kind = match?.[1] ?? ''
    if (match === null || !isSimulated(kind)) {
      complaints.push(`--count ${part.trim()}: kind=N, ${SIMULATED_KINDS.join(' | ')}`)
    } else counts[kind] = Number(match[2])
  }
  return counts
}
