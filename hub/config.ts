// Every variable the hub reads, in one table: name, default, unit, sentence. Checked at start, all errors at once.
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import * as z from 'zod'
import { BridgesUnusable, readBridges } from '../ingest/bridge/config.ts'
import type { BridgeConfig } from '../ingest/bridge/config.ts'
import type { Bilingual } from '../contract/rules.ts'

const port = z.coerce.number().int().min(0).max(65_535)

interface Variable<T> {
  readonly schema: z.ZodType<T>
  /** As it would be written in the environment; undefined: not set. */
  readonly default: string | undefined
  readonly about: Bilingual
  /** Never printed. */
  readonly secret?: true
}

const variable = <T>(
  schema: z.ZodType<T>,
  fallback: string | undefined,
  zh: string,
  en: string,
  options: { secret?: true } = {},
): Variable<T> => ({ schema, default: fallback, about: { zh, en }, ...options })

const text = z.string().min(1)
const url = (...schemes: string[]) =>
  z
    .string()
    .refine((given) => URL.canParse(given) && schemes.includes(new URL(given).protocol.slice(0, -1)), {
      error: `${schemes.join(', ')}: …`,
    })
    .optional()

export const ROLES = ['all', 'broker', 'ingest', 'dashboard'] as const
export type HubRole = (typeof ROLES)[number]

export const VARIABLES = {
  ZHIAN_ROLE: variable(
    z.enum(ROLES),
    'all',
    '本进程的角色：all 单机一体；其余为多机部署',
    'what this process is: all on one machine, else one part of a cluster',
  ),
  ZHIAN_HTTP_PORT: variable(port, '8080', '网页与接口端口', 'port of the pages and the API'),
  ZHIAN_HOST: variable(text, '127.0.0.1', '网页监听地址', 'address the pages listen on'),
  ZHIAN_MQTT_PORT: variable(port, '1883', 'MQTT 端口', 'MQTT port'),
  ZHIAN_MQTT_HOST: variable(text, '0.0.0.0', 'MQTT 监听地址', 'address MQTT listens on'),
  ZHIAN_MQTTS_PORT: variable(port, '8883', 'MQTTS 端口（有证书时）', 'MQTTS port, when a certificate is given'),
  ZHIAN_DATA_DIR: variable(text, './data', '数据目录', 'folder of all data'),
  ZHIAN_ADMIN_PASSWORD: variable(
    z.string().min(8).max(256).optional(),
    undefined,
    '首个管理员 admin 的密码；不设则打印一次性设置链接',
    'sets the first admin; without it a one-time set-up link is printed',
    { secret: true },
  ),
  ZHIAN_DEVICE_RATE: variable(
    z.coerce.number().min(0).max(100_000),
    '10',
    '每台设备每秒消息数（持续）；0 不限',
    'messages a second a device, sustained; 0 = no limit',
  ),
  ZHIAN_TLS_CERT: variable(text.optional(), undefined, '证书文件（PEM）', 'certificate file, PEM'),
  ZHIAN_TLS_KEY: variable(text.optional(), undefined, '私钥文件（PEM）', 'private key file, PEM'),
  ZHIAN_PERSONAL_KEY_FILE: variable(
    text.optional(),
    undefined,
    '个人信息的密钥文件；不设则为数据目录下 keys/personal.key',
    'key file of personal values; without it keys/personal.key in the data folder',
  ),
  ZHIAN_TRUSTED_PROXIES: variable(
    text.optional(),
    undefined,
    '可信反向代理地址，逗号分隔',
    'addresses of trusted proxies, comma separated',
  ),
  ZHIAN_PUSH_CONTACT: variable(
    z.string().regex(/^(?:mailto:[^@\s]+@[^@\s]+|https:\/\/\S+)$/),
    'mailto:zhian@localhost.invalid',
    '推送服务商联系本平台的地址（mailto: 或 https:）',
    'where push services reach the operator, mailto: or https:',
  ),
  ZHIAN_DATABASE_URL: variable(
    url('postgres', 'postgresql'),
    undefined,
    '台账数据库（PostgreSQL），多机部署必填',
    'the ledger’s PostgreSQL, for a cluster',
    { secret: true },
  ),
  ZHIAN_REDIS_URL: variable(
    url('redis', 'rediss'),
    undefined,
    '接入消息流（Redis），多机部署必填',
    'the Redis of the intake streams, for a cluster',
    { secret: true },
  ),
  ZHIAN_REDIS_REPLICAS: variable(
    z.coerce.number().int().min(0).max(5),
    '0',
    '确认前须写到的 Redis 副本数（WAIT）',
    'Redis replicas that must have a message before its PUBACK (WAIT)',
  ),
  ZHIAN_INFLUX_URL: variable(
    url('http', 'https'),
    undefined,
    '读数存入 InfluxDB 2 的地址',
    'InfluxDB 2 that keeps the readings',
  ),
  ZHIAN_INFLUX_TOKEN: variable(text.optional(), undefined, 'InfluxDB 令牌', 'InfluxDB token', { secret: true }),
  ZHIAN_INFLUX_ORG: variable(text, 'zhian', 'InfluxDB 组织', 'InfluxDB organisation'),
  ZHIAN_INFLUX_BUCKET: variable(text, 'zhian', 'InfluxDB 存储桶', 'InfluxDB bucket'),
  ZHIAN_VICTORIA_URL: variable(
    url('http', 'https'),
    undefined,
    '读数存入 VictoriaMetrics 的地址',
    'VictoriaMetrics that keeps the readings',
  ),
  ZHIAN_BRIDGES: variable(
    text.optional(),
    undefined,
    '外部 MQTT 平台的接入清单（JSON 文件）',
    'JSON file of the external MQTT brokers to read',
  ),
  ZHIAN_LOG_LEVEL: variable(
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
    'info',
    '日志级别',
    'log level',
  ),
  ZHIAN_RAW_DAYS: variable(z.coerce.number().int().min(1), '90', '原始读数保留天数', 'days raw readings are kept'),
  ZHIAN_MINUTE_DAYS: variable(
    z.coerce.number().int().min(1),
    '365',
    '分钟汇总保留天数',
    'days one-minute roll-ups are kept',
  ),
  ZHIAN_HOUR_DAYS: variable(
    z.coerce.number().int().min(1),
    '1825',
    '小时汇总保留天数',
    'days one-hour roll-ups are kept',
  ),
} as const

type Values = { -readonly [K in keyof typeof VARIABLES]: z.infer<(typeof VARIABLES)[K]['schema']> }

export interface TlsFiles {
  readonly cert: Buffer
  readonly key: Buffer
}
export type Config = Values & {
  readonly tls: TlsFiles | null
  readonly trustedProxies: readonly string[]
  /** Read from the file of ZHIAN_BRIDGES. */
  readonly bridges: readonly BridgeConfig[]
}

/** Thrown with every problem found, one line each. */
export class ConfigError extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** Reads and checks all variables. `ZHIAN_…` names that are not in the table are an error: a typo must not be silent. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, entry] of Object.entries(VARIABLES)) {
    const given = 'secret' in entry ? secretOf(name, environment, problems) : environment[name] || undefined
    const parsed = (entry as Variable<unknown>).schema.safeParse(given ?? entry.default)
    if (parsed.success) values[name] = parsed.data
    else {
      const shown = 'secret' in entry ? '' : ` = ${JSON.stringify(given)}`
      problems.push(
        `${name}${shown}: ${parsed.error.issues[0]?.message ?? 'invalid'} (${entry.about.zh} ${entry.about.en})`,
      )
    }
  }
  for (const name of Object.keys(environment)) {
    if (name.startsWith('ZHIAN_') && !(name in VARIABLES) && !SECRET_FILES.has(name) && !TEST_VARIABLES.has(name))
      problems.push(`${name}: 没有这个变量 no such variable`)
  }
  const { ZHIAN_TLS_CERT: certFile, ZHIAN_TLS_KEY: keyFile } = values as Values
  let tls: TlsFiles | null = null
  if ((certFile === undefined) !== (keyFile === undefined))
    problems.push('ZHIAN_TLS_CERT, ZHIAN_TLS_KEY: 须同时给出 give both or neither')
  else if (certFile !== undefined && keyFile !== undefined) {
    try {
      tls = { cert: readFileSync(certFile), key: readFileSync(keyFile) }
      createSecureContext(tls)
    } catch (error) {
      problems.push(`ZHIAN_TLS_CERT, ZHIAN_TLS_KEY: 证书或私钥不可用 cannot be used: ${(error as Error).message}`)
    }
  }
  const bridges = bridgesOf(values, problems)
  if (problems.length === 0) problems.push(...roleProblems(values as Values))
  if (problems.length > 0) throw new ConfigError(problems)
  const trustedProxies = (values as Values).ZHIAN_TRUSTED_PROXIES?.split(',').map((address) => address.trim()) ?? []
  return { ...(values as Values), tls, trustedProxies, bridges }
}

/** Only who reads them needs their secrets: the other processes of a cluster may share the variable without the files. */
function bridgesOf(values: Partial<Values>, problems: string[]): readonly BridgeConfig[] {
  const { ZHIAN_ROLE: role, ZHIAN_BRIDGES: file } = values
  if (file === undefined || role === 'ingest' || role === 'dashboard') return []
  try {
    return readBridges(file)
  } catch (error) {
    if (!(error instanceof BridgesUnusable)) throw error
    problems.push(...error.problems.map((problem) => `ZHIAN_BRIDGES: ${problem}`))
    return []
  }
}

/** Secrets may come by file, as container platforms hand them over: `NAME_FILE` instead of `NAME`. */
const SECRET_FILES: ReadonlySet<string> = new Set(
  Object.entries(VARIABLES).flatMap(([name, entry]) => ('secret' in entry ? [`${name}_FILE`] : [])),
)

function secretOf(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
  problems: string[],
): string | undefined {
  const [given, file] = [environment[name] || undefined, environment[`${name}_FILE`] || undefined]
  if (file === undefined) return given
  if (given !== undefined) problems.push(`${name}, ${name}_FILE: 只能给出一个 give one of them`)
  try {
    return readFileSync(file, 'utf8').trim() || undefined
  } catch (error) {
    problems.push(`${name}_FILE: 读不了 cannot be read: ${(error as Error).message}`)
    return undefined
  }
}

/** What must be given together. */
function roleProblems(values: Values): string[] {
  const problems: string[] = []
  if (values.ZHIAN_INFLUX_URL !== undefined && values.ZHIAN_VICTORIA_URL !== undefined)
    problems.push('ZHIAN_INFLUX_URL, ZHIAN_VICTORIA_URL: 只能给出一个 give one of them')
  if (values.ZHIAN_INFLUX_URL !== undefined && values.ZHIAN_INFLUX_TOKEN === undefined)
    problems.push('ZHIAN_INFLUX_TOKEN: 用 InfluxDB 时必填 needed with ZHIAN_INFLUX_URL')
  if (values.ZHIAN_ROLE === 'all') return problems
  for (const name of ['ZHIAN_DATABASE_URL', 'ZHIAN_REDIS_URL'] as const)
    if (values[name] === undefined) problems.push(`${name}: 多机部署必填 needed by ZHIAN_ROLE=${values.ZHIAN_ROLE}`)
  const storeless = values.ZHIAN_INFLUX_URL === undefined && values.ZHIAN_VICTORIA_URL === undefined
  if (storeless && values.ZHIAN_ROLE !== 'broker')
    problems.push(
      `ZHIAN_INFLUX_URL, ZHIAN_VICTORIA_URL: 多机部署须给出一个 one is needed by ZHIAN_ROLE=${values.ZHIAN_ROLE}`,
    )
  if (values.ZHIAN_ROLE === 'dashboard' && values.ZHIAN_PERSONAL_KEY_FILE === undefined)
    problems.push(
      'ZHIAN_PERSONAL_KEY_FILE: 多机部署必填，各台 dashboard 用同一个文件 needed by ZHIAN_ROLE=dashboard, the same file for each',
    )
  return problems
}

/** Read by the tests and the bench, not by the hub; allowed beside it. */
const TEST_VARIABLES: ReadonlySet<string> = new Set(['ZHIAN_REQUIRE_SERVICES'])

/** The table as `--help` prints it. */
export function configHelp(): string {
  const rows = Object.entries(VARIABLES).map(
    ([name, entry]) => `  ${name.padEnd(24)} ${(entry.default ?? '-').padEnd(12)} ${entry.about.zh}  ${entry.about.en}`,
  )
  return ['变量 Variables:', ...rows].join('\n')
}
