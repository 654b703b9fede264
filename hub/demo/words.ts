// What the demonstration says in the terminal: Chinese first, English beside it.
import { ACCOUNTS, ADMIN } from '../../simulators/county/people.ts'
import { SCENES } from '../../simulators/county/scenes.ts'
import type { ScriptLine } from '../../simulators/county/script.ts'
import type { DemoReckoning } from '../../contract/http/demo.ts'
import type { FleetCounts } from '../../simulators/fleet.ts'
import { upTopic } from '../../contract/topics.ts'
import { codeLines } from './code.ts'
import type { Visitor } from './play.ts'

/** Columns that a text takes in a terminal: a Chinese character takes two. */
const columns = (text: string): number =>
  [...text].reduce((sum, char) => sum + (char.charCodeAt(0) > 0x2e7f ? 2 : 1), 0)

const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - columns(text)))

export const PREPARING =
  '智安 演示  正在准备示范县（约半分钟）…  Preparing the demonstration county (about half a minute)…'

function accountsTable(password: string): string[] {
  const rows: [string, string, string, string][] = [
    ['姓名 name', '身份 role', '用户名 user', '密码 password'],
    ...[...ACCOUNTS, ADMIN].map(({ name, title, username, houses }): [string, string, string, string] => [
      name,
      `${title.zh}${houses.length > 1 ? ` ${houses.length} 户` : ''} ${title.en}`,
      username,
      password,
    ]),
  ]
  const widths = [0, 1, 2, 3].map((at) => Math.max(...rows.map((row) => columns(row[at] ?? ''))))
  return rows.map((row) => `  ${row.map((cell, at) => padded(cell, widths[at] ?? 0)).join('   ')}`.trimEnd())
}

export interface Ready {
  readonly base: string
  readonly mqttPort: number
  readonly password: string
  readonly pid: number
  readonly devices: number
  readonly seconds: number
  /** What a phone in the local network opens; null: not open to it. */
  readonly lan: readonly string[] | null
  /** Keys are listened to. */
  readonly keys: boolean
}

export function welcome({ base, mqttPort, password, pid, devices, seconds, lan, keys }: Ready): string {
  const network =
    lan === null
      ? ['局域网访问 for the local network:  npm run demo -- --lan']
      : lan.flatMap((url) => [`局域网 local network:  ${url}   (MQTT ${mqttPort})`, '', ...codeLines(url), ''])
  return [
    '',
    `演示数据，全部虚构。Everything here is invented. (${devices} 台设备在线 devices, ${seconds} s)`,
    '',
    `  ${base}   (MQTT ${mqttPort})`,
    '',
    ...accountsTable(password),
    '',
    ...network,
    `试试 now kill -9 the hub: pid ${pid}`,
    `控场 buttons and script: ${base}/demo`,
    ...(keys ? [`${SCENES.map(({ label }, n) => `${n + 1} ${label.zh} ${label.en}`).join(' · ')} · r 重演 again`] : []),
    '按 q 结束  press q to stop',
    '',
  ].join('\n')
}

export const clock = (seconds: number): string =>
  `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}`

export const promptOf = ({ at, hint }: ScriptLine): string => `${clock(at)}  ${hint.zh}  ${hint.en}`

export const visitorsLine = (mqttPort: number, { deviceId, token, values }: Visitor): string =>
  `       mosquitto_pub -p ${mqttPort} -u ${deviceId} -P ${token} -q 1 -t ${upTopic(deviceId, 'readings')} -m '${JSON.stringify({ values })}'`

const upTo = (ms: number | null): string => (ms === null ? '—' : `≤ ${ms} ms`)
const seconds = (ms: number | null): string => (ms === null ? '—' : `${(ms / 1000).toFixed(1)} s`)

export const reckoningOf = ({ received, stored, rejected, ...rest }: DemoReckoning): string => {
  const { alarms, shown, acknowledged, witness } = rest
  return [
    `       收到 received ${received} = 入库 stored ${stored} + 拒收 rejected ${rejected}  ·  报警 alarms ${alarms}`,
    `       上屏 on screen p50 ${upTo(shown.p50)}, p99 ${upTo(shown.p99)} (${shown.count})  ·  ` +
      `接警用时 acknowledged in ${seconds(acknowledged.median)} (${acknowledged.count})  ·  ` +
      `丢失 lost ${witness.missing} (核对 checked ${witness.checked})`,
  ].join('\n')
}

export const accountOf = ({ acknowledged, outstanding }: FleetCounts): string =>
  `       设备已获确认 acknowledged to devices ${acknowledged}, 在途 under way ${outstanding}`

export const AGAIN = '重演：一切从头开始…  Again: everything from the beginning…'

export const restarted = (pid: number): string =>
  `平台已重新启动，设备正在补传。The hub is up again; devices send what they kept.  now kill -9 the hub: pid ${pid}`
