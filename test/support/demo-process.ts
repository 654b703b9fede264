// `npm run demo` as a process of its own, on free ports, with its temporary files in a folder of its own.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, ROOT, until } from './hub-process.ts'

/** Of every account, unless the demonstration is open to a network. */
export const DEMO_PASSWORD = 'zhian-demo'
/** The page may have to be built first. */
export const DEMO_START_LIMIT_MS = 180_000

export const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

export class DemoProcess {
  readonly #temporary = mkdtempSync(join(tmpdir(), 'zhian-demo-test-'))
  readonly #ports: readonly [http: number, mqtt: number]
  #child: ChildProcess
  output = ''

  private constructor(ports: readonly [number, number], args: readonly string[]) {
    this.#ports = ports
    this.#child = this.#spawn(args)
  }

  static async begin(args: readonly string[]): Promise<DemoProcess> {
    return new DemoProcess([await freePort(), await freePort()], args)
  }

  /** Once more, after it has ended. */
  beginAgain(args: readonly string[]): void {
    this.output = ''
    this.#child = this.#spawn(args)
  }

  get base(): string {
    return /http:\/\/127\.0\.0\.1:\d+/.exec(this.output)?.[0] ?? ''
  }

  get mqttPort(): number {
    return Number(/\(MQTT (\d+)\)/.exec(this.output)?.[1])
  }

  /** Of the hub, each time it was told; the newest last. */
  get hubPids(): number[] {
    return [...this.output.matchAll(/kill -9 the hub: pid (\d+)/g)].map(([, pid]) => Number(pid))
  }

  /** Its data folders; Node keeps compiled code beside them. */
  get dataLeft(): string[] {
    return readdirSync(this.#temporary).filter((name) => name.startsWith('zhian-demo-'))
  }

  get exitCode(): number | null {
    return this.#child.exitCode
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  press(key: string): void {
    this.#child.stdin?.write(key)
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** The story has begun. */
  async ready(): Promise<void> {
    await until(
      'the demonstration is ready',
      () => {
        if (this.hasEnded) throw new Error(`it ended with ${this.exitCode}:\n${this.output}`)
        return this.hubPids.length > 0
      },
      DEMO_START_LIMIT_MS,
    )
  }

  async ended(): Promise<void> {
    await until('the demonstration has ended', () => this.hasEnded, 60_000)
  }

  async dispose(): Promise<void> {
    if (!this.hasEnded) this.kill('SIGTERM')
    await this.ended()
    rmSync(this.#temporary, { recursive: true, force: true, maxRetries: 20, retryDelay: 500 })
  }

  #spawn(args: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, [join(ROOT, 'hub', 'demo.ts'), ...args], {
      cwd: ROOT,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        TMPDIR: this.#temporary,
        ZHIAN_HTTP_PORT: String(this.#ports[0]),
        ZHIAN_MQTT_PORT: String(this.#ports[1]),
      },
    })
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()))
    return child
  }
}
