// The command line of `npm run demo`.
import { parseArgs } from 'node:util'

export interface DemoOptions {
  /** Opens pages and MQTT to the local network. */
  readonly lan: boolean
  /** Only the story's houses and devices: a start of seconds on a small machine. */
  readonly small: boolean
  /** World seconds a second. */
  readonly speed: number
}

export const DEMO_HELP = `智安 演示：一个模拟的示范县  Zhi'an demo: a simulated county

用法 usage: npm run demo -- [选项 options]

  --lan        对局域网开放 open to the local network
  --small      只含剧情中的设备，启动更快 only the devices of the story: starts faster
  --speed N    世界快进倍数 world seconds a second, 0.1…100 [1]
  --help

端口取自 ports from ZHIAN_HTTP_PORT (8080), ZHIAN_MQTT_PORT (1883); 被占用则另选 taken ones are replaced
`

export type ParsedDemo =
  | { readonly ok: true; readonly options: DemoOptions }
  /** What to print; null: help was asked for. */
  | { readonly ok: false; readonly complaint: string | null }

export function parseDemoOptions(args: readonly string[]): ParsedDemo {
  try {
    const { values } = parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        lan: { type: 'boolean', default: false },
        small: { type: 'boolean', default: false },
        speed: { type: 'string', default: '1' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (values.help) return { ok: false, complaint: null }
    const speed = Number(values.speed)
    if (!(speed >= 0.1 && speed <= 100)) return { ok: false, complaint: `--speed ${values.speed}: 0.1…100` }
    return { ok: true, options: { lan: values.lan, small: values.small, speed } }
  } catch (error) {
    return { ok: false, complaint: error instanceof Error ? error.message : String(error) }
  }
}
