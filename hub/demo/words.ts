// What the demonstration says in the terminal: Chinese first, English beside it.
import { ACCOUNTS } from '../../simulators/county/people.ts'
import { SCENES } from '../../simulators/county/scenes.ts'
import type { ScriptLine } from '../../simulators/county/script.ts'
import type { Counters } from '../../contract/http/alarms.ts'
import type { FleetCounts } from '../../simulators/fleet.ts'

/** Columns that a text takes in a terminal: a Chinese character takes two. */
const columns = (text: string): number =>
  [...text].reduce((sum, char) => sum + (char.charCodeAt(0) > 0x2e7f ? 2 : 1), 0)

const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - columns(text)))

export const PREPARING =
  '智安 演示  正在准备示范县（约半分钟）…  Preparing the demonstration county (about half a minute)…'

function accountsTable(password: string): string[] {
  const rows: [string, string, string, string][] = [
    ['姓名 name', '身份 role', '用户名 user', '密码 password'],
    ...ACCOUNTS.map(({ name, title, username, houses }): [string, string, string, string] => [
      name,
      `${title.zh}${houses.length > 0 ? ` ${houses.length} 户` : ''} ${title.en}`,
      username,
      password,
    ]),
    ['管理员', '管理员 administrator', 'admin', password],
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
  /** Addresses in the local network; null: not opened to it. */
  readonly lan: readonly string[] | null
  /** Keys are listened to. */
  readonly keys: boolean
}

export function welcome({ base, mqttPort, password, pid, devices, seconds, lan, keys }: Ready): string {
  const network =
    lan === null
      ? ['局域网访问 for the local network:  npm run demo -- --lan']
      : lan.map((address) => `局域网 local network:  http://${address}:${new URL(base).port}   (MQTT ${mqttPort})`)
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
    ...(keys ? [SCENES.map(({ label }, n) => `${n + 1} ${label.zh} ${label.en}`).join(' · ')] : []),
    '按 q 结束  press q to stop',
    '',
  ].join('\n')
}

export const clock = (seconds: number): string =>
  `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}`

export const promptOf = ({ at, hint }: ScriptLine): string => `${clock(at)}  ${hint.zh}  ${hint.en}`

export const visitorsLine = (mqttPort: number, deviceId: string, token: string): string =>
  `       mosquitto_pub -p ${mqttPort} -u ${deviceId} -P ${token} -q 1 -t zhian/v1/${deviceId}/readings -m '{"values":{"gas_lel":12}}'`

export const accountOf = (
  { received, stored, rejected }: Counters,
  { acknowledged, outstanding }: FleetCounts,
): string =>
  `       收到 received ${received} = 入库 stored ${stored} + 拒收 rejected ${rejected}  ·  ` +
  `设备已获确认 acknowledged to devices ${acknowledged}, 在途 under way ${outstanding}`

export const restarted = (pid: number): string =>
  `平台已重新启动，设备正在补传。The hub is up again; devices send what they kept.  now kill -9 the hub: pid ${pid}`
