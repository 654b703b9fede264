// The hub as a child process that is started again whenever it dies: so that a visitor may `kill -9` it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { ChildProcess } from 'node:child_process'
import type { Demo } from '../../dashboard/server/demo-port.ts'
import { answerOver } from './wire.ts'

const MAIN = join(import.meta.dirname, 'hub-main.ts')
/** A hub that was killed is back sooner. */
const COMPILED = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'zhian-code')
const READY_WITHIN_MS = 60_000
const LOOK_EVERY_MS = 50
/** The hub itself gives up after ten seconds. */
const STOP_WITHIN_MS = 12_000
/** A hub that dies so often without having been ready will not get better. */
const STILLBORN_LIMIT = 5
const TRY_AGAIN_AFTER_MS = 500
/** Last words kept of a hub that does not start. */
const LAST_WORDS = 4_000

export interface HubChildOptions {
  readonly environment: Readonly<Record<string, string>>
  /** Where it answers, `http://127.0.0.1:8080`. */
  readonly base: string
  /** What the hub may ask. */
  readonly demo: Demo
  /** Ready again after a death that nobody asked for. */
  readonly onRestarted: (pid: number) => void
  /** It cannot be started again. */
  readonly onGivenUp: (words: string) => void
}

export class HubChild {
  readonly #options: HubChildOptions
  #child: ChildProcess | null = null
  #stopping = false
  #words = ''

  constructor(options: HubChildOptions) {
    this.#options = options
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** Resolves when it is ready; rejects with its last words when it ends instead. */
  async start(): Promise<void> {
    await this.#launch()
    this.#watch()
  }

  /** Ends it and waits until it is gone. */
  async stop(): Promise<void> {
    this.#stopping = true
    const child = this.#child
    if (child === null || hasEnded(child)) return
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
    await gone
    clearTimeout(timer)
  }

  async #launch(): Promise<void> {
    // A group of its own: Ctrl+C in the terminal ends the devices first, then the hub.
    const child = spawn(process.execPath, [MAIN], {
      detached: true,
      // The channel is the demonstration's end of the string: when it breaks, the hub ends.
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { NODE_COMPILE_CACHE: COMPILED, ...withoutOurs(process.env), ...this.#options.environment },
    })
    answerOver(child, this.#options.demo)
    this.#child = child
    this.#words = ''
    child.stderr?.on('data', (chunk: Buffer) => (this.#words = (this.#words + chunk.toString()).slice(-LAST_WORDS)))
    const deadline = performance.now() + READY_WITHIN_MS
    while (!(await this.#isReady())) {
      if (this.#stopping) return
      if (hasEnded(child)) throw new Error(this.#words.trim() || `hub: ${child.exitCode ?? child.signalCode}`)
      if (performance.now() > deadline) throw new Error('hub: not ready')
      await delay(LOOK_EVERY_MS)
    }
  }

  #watch(): void {
    this.#child?.once('exit', () => {
      if (!this.#stopping) void this.#revive()
    })
  }

  async #revive(): Promise<void> {
    for (let tried = 1; !this.#stopping; tried++) {
      try {
        await this.#launch()
        if (this.#stopping) return
        this.#watch()
        this.#options.onRestarted(this.pid)
        return
      } catch (error) {
        if (tried < STILLBORN_LIMIT) {
          await delay(TRY_AGAIN_AFTER_MS)
          continue
        }
        this.#options.onGivenUp(error instanceof Error ? error.message : String(error))
        return
      }
    }
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.#options.base}/readyz`)).ok
    } catch {
      return false
    }
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null

/** The demonstration's hub is configured by the demonstration alone. */
const withoutOurs = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('ZHIAN_')))
