// The hub as a process: configuration from the environment, one hub, a clean end on SIGTERM or SIGINT.
import pino from 'pino'
import { ConfigError, configHelp, readConfig } from './config.ts'
import { startRole } from './roles/start.ts'
import { StartProblem } from './start-problem.ts'
import type { Config } from './config.ts'
import type { HubOptions } from './hub.ts'
import type { Running } from './roles/start.ts'

/** Longer than this from the signal, and the process ends without waiting: the service manager would kill it anyway. */
const STOP_LIMIT_MS = 10_000

const out = (line: string): void => void process.stdout.write(`${line}\n`)
const fail = (line: string): void => void process.stderr.write(`${line}\n`)

function configuration(): Config {
  try {
    return readConfig(process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    fail('配置有误，没有启动。Configuration is wrong; nothing was started:')
    for (const problem of error.problems) fail(`  ${problem}`)
    process.exit(1)
  }
}

function sayWhereToLook(hub: Running, config: Config): void {
  if (config.ZHIAN_ROLE !== 'all' && config.ZHIAN_ROLE !== 'dashboard') {
    out(
      `智安 ${config.ZHIAN_ROLE} 已就绪 Zhi'an ${config.ZHIAN_ROLE} is ready:  http://${config.ZHIAN_HOST}:${hub.httpPort}/readyz`,
    )
    return
  }
  const scheme = config.tls === null ? 'http' : 'https'
  const host = config.ZHIAN_HOST === '0.0.0.0' ? '127.0.0.1' : config.ZHIAN_HOST
  const base = `${scheme}://${host}:${hub.httpPort}`
  const loopback = ['127.0.0.1', 'localhost', '::1'].includes(config.ZHIAN_MQTT_HOST)
  if (hub.mqttPort !== null && !loopback && config.tls === null)
    out(
      `注意：MQTT 在 ${config.ZHIAN_MQTT_HOST}:${hub.mqttPort} 上未加密，请设置 ZHIAN_TLS_CERT / ZHIAN_TLS_KEY 或只监听 127.0.0.1。` +
        ' MQTT is not encrypted on the network: set a certificate or listen on 127.0.0.1.',
    )
  if (hub.setupCode !== null) out(`首次设置（一次有效）Set-up link, valid once:  ${base}/setup#${hub.setupCode}`)
  const mqtt =
    hub.mqttPort === null ? '' : `   (MQTT ${hub.mqttPort}${hub.mqttsPort === null ? '' : `, MQTTS ${hub.mqttsPort}`})`
  out(`智安已就绪 Zhi'an is ready:  ${base}${mqtt}`)
}

export interface RunOptions extends HubOptions {
  /** Resolves with a reason to end that is no signal. */
  readonly endsWith?: Promise<string>
}

/** Runs until a signal ends it. */
export async function run(options: RunOptions = {}): Promise<void> {
  if (process.argv.includes('--help') || process.argv.includes('-h')) {
    out("智安 Zhi'an：县级安全监测中枢  the real-time safety hub of a county\n")
    out(configHelp())
    return
  }
  const config = configuration()
  const log = pino(
    {
      level: config.ZHIAN_LOG_LEVEL,
      redact: ['*.password', '*.token', '*.authorization', '*.cookie'],
    },
    pino.destination({ dest: 2, sync: false }),
  )
  let hub: Running
  try {
    hub = await startRole(config, log, options)
  } catch (error) {
    if (!(error instanceof StartProblem)) throw error
    fail(error.message)
    process.exit(1)
  }
  let stopping = false
  const end = (reason: string): void => {
    if (stopping) return
    stopping = true
    log.info({ reason }, 'stopping')
    setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref()
    hub.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal({ err: error }, 'stop failed')
        process.exit(1)
      },
    )
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => end(signal))
  void options.endsWith?.then(end)
  hub.failed.catch((error: unknown) => {
    // A storage thread is gone, or memory is out of date: nothing can be promised. The service manager starts it again.
    log.fatal({ err: error }, 'cannot go on')
    process.exit(70)
  })
  sayWhereToLook(hub, config)
}
