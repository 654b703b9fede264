// mosquitto_pub and mosquitto_sub as devices of a hub.
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { upTopic } from '../../contract/topics.ts'
import type { UpChannel } from '../../contract/topics.ts'

/** With ZHIAN_REQUIRE_SERVICES=1 a tool that is missing is a failure, otherwise its tests are skipped. */
const REQUIRED = process.env['ZHIAN_REQUIRE_SERVICES'] === '1'
const has = (binary: string, args: readonly string[]): boolean =>
  spawnSync(binary, [...args], { stdio: 'ignore' }).error === undefined
export const TOOLS_MISSING =
  !REQUIRED &&
  !(
    has('mosquitto_pub', ['--help']) &&
    has('mosquitto_sub', ['--help']) &&
    has('openssl', ['version']) &&
    has('stdbuf', ['--version'])
  )

export interface Device {
  readonly id: string
  readonly token: string
}

/** Where to connect; with `ca`, over TLS. */
export interface Door {
  readonly port: number
  readonly ca?: string
}

/** What mosquitto's tools exit with: CONNACK "not authorised". */
export const NOT_AUTHORISED = 5

export interface Finished {
  readonly code: number | null
  readonly output: string
}

export interface Listener {
  readonly output: () => string
  readonly finished: Promise<Finished>
  /** No DISCONNECT is sent: the broker sends the will. */
  kill(): Promise<void>
}

const login = ({ id, token }: Device, { port, ca }: Door): string[] => [
  ...(ca === undefined ? ['-h', '127.0.0.1'] : ['-h', 'localhost', '--cafile', ca]),
  ...['-p', String(port), '-u', id, '-P', token],
]

function run(
  binary: string,
  args: readonly string[],
): { child: ChildProcess; finished: Promise<Finished>; output: () => string } {
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
  return { child, finished, output: () => output }
}

/** Publishes one message and waits for what the hub answers. */
export function publish(
  device: Device,
  door: Door,
  message: { readonly channel: UpChannel; readonly body: unknown; readonly of?: string },
  options: readonly string[] = ['-q', '1'],
): Promise<Finished> {
  const payload = typeof message.body === 'string' ? message.body : JSON.stringify(message.body)
  const topic = upTopic(message.of ?? device.id, message.channel)
  return run('mosquitto_pub', [...login(device, door), '-t', topic, '-m', payload, ...options]).finished
}

/** Listens to its commands, with a will as every device should have one. */
export function listen(device: Device, door: Door, options: readonly string[] = []): Listener {
  const { child, finished, output } = run('stdbuf', [
    // Its report of the SUBACK would stay in its buffer for ever: stdbuf becomes mosquitto_sub, line by line.
    ...['-oL', 'mosquitto_sub'],
    ...login(device, door),
    ...['-t', `zhian/v1/${device.id}/commands`, '-q', '1', '-k', '60', '-d'],
    ...['--will-topic', upTopic(device.id, 'status'), '--will-payload', '{"state":"offline"}'],
    ...['--will-qos', '1', '--will-retain', ...options],
  ])
  return {
    output,
    finished,
    async kill() {
      child.kill('SIGKILL')
      await finished
    },
  }
}
