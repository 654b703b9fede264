// One external broker: its connections, opened again whenever they end, and what is known of them.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bridge as Status } from '../../contract/http/bridges.ts'
import type { UpTopic } from '../../contract/topics.ts'
import { parseJson, isObject } from '../codecs/json.ts'
import type { Clock } from '../ports.ts'
import { BridgeAccount } from './account.ts'
import { admit } from './admission.ts'
import type { BridgeConfig } from './config.ts'
import { Line } from './line.ts'
import type { Packet, Problem } from './line.ts'
import { OrderWatch } from './order.ts'
import type { BridgeIntake, BridgeLog, Registered } from './ports.ts'

/** Pauses between attempts, ms, of which a part is chance; what an alarm may lose when the other side is back is the last. */
const PAUSES = [500, 1_000, 2_000, 4_000] as const
/** How long what is under way at the stop may take to become durable, ms. */
const STOP_GRACE_MS = 4_000

export interface BridgeParts {
  readonly config: BridgeConfig
  readonly intake: BridgeIntake
  readonly registered: Registered
  readonly clock: Pick<Clock, 'wall'>
  readonly log: BridgeLog
  /** Some connection is down, or all are up again. */
  readonly changed: (cut: boolean) => void
}

interface Lane {
  readonly index: number
  readonly clientId: string
  line: Line | null
  /** Wall time, ms; null: not open. */
  openSince: number | null
  /** It was open before, in this process. */
  known: boolean
  problem: Problem | null
}

export class Bridge {
  readonly #parts: BridgeParts
  readonly #lanes: readonly Lane[]
  readonly #account = new BridgeAccount()
  readonly #order = new OrderWatch()
  #state: Status['state'] = 'away'
  #since: number
  #sessionsLost = 0
  #running: Promise<void>[] = []
  readonly #halt = new AbortController()

  constructor(parts: BridgeParts) {
    const { config, clock } = parts
    this.#parts = parts
    this.#since = clock.wall()
    this.#lanes = config.clientIds.map((clientId, index) => ({
      index,
      clientId,
      line: null,
      openSince: null,
      known: false,
      problem: null,
    }))
  }

  start(): void {
    this.#parts.changed(true)
    this.#running = this.#lanes.map((lane) => this.#run(lane))
  }

  /** Takes nothing more, acknowledges what still becomes durable, takes leave. Idempotent. */
  async stop(): Promise<void> {
    this.#halt.abort()
    await Promise.all(this.#lanes.map(({ line }) => line?.stop(STOP_GRACE_MS)))
    await Promise.all(this.#running)
  }

  status(): Status {
    const { config } = this.#parts
    return {
      name: config.name,
      url: config.url,
      state: this.#state,
      since: this.#since,
      connections: { open: this.#open, of: this.#lanes.length },
      problem: this.#lanes.find(({ openSince, problem }) => openSince === null && problem !== null)?.problem ?? null,
      ...this.#account.figures(),
      sessionsLost: this.#sessionsLost,
      unordered: this.#order.broken,
    }
  }

  get #open(): number {
    return this.#lanes.filter(({ openSince }) => openSince !== null).length
  }

  async #run(lane: Lane): Promise<void> {
    for (let attempt = 0; !this.#halt.signal.aborted; attempt++) {
      const line = new Line({
        config: this.#parts.config,
        clientId: lane.clientId,
        subscribeAnyway: !lane.known,
        host: { take: (packet, done) => this.#take(lane, packet, done), opened: (kept) => this.#opened(lane, kept) },
      })
      lane.line = line
      const problem = await line.ended
      if (this.#halt.signal.aborted) return
      this.#closed(lane, problem)
      if (line.proved) attempt = 0
      await this.#pause(PAUSES[Math.min(attempt, PAUSES.length - 1)] as number)
      // What was taken and not acknowledged comes again: not before it is known what became of it.
      await this.#unlessStopped(line.settled())
    }
  }

  #take(lane: Lane, { topic, payload, qos, retain }: Packet, done: (error?: Error) => void): void {
    const { config, registered, intake, clock } = this.#parts
    const receivedAt = clock.wall()
    const admitted = admit({ topic, bytes: payload.length, retained: retain }, config, registered)
    if (typeof admitted === 'string') {
      this.#account.refuse(admitted, receivedAt)
      return done()
    }
    if (config.share !== null) this.#watchOrder(lane, admitted, receivedAt)
    const settled = this.#account.hand(receivedAt)
    const { deviceId, gatewayId, channel } = admitted
    const will = channel === 'status' && saysOffline(payload)
    intake.accept(
      { publisherId: gatewayId ?? deviceId, deviceId, channel, payload, qos, receivedAt, will },
      (error) => {
        settled(error)
        done(error)
      },
    )
  }

  #watchOrder(lane: Lane, { deviceId }: UpTopic, at: number): void {
    const before = this.#order.broken
    this.#order.saw(
      deviceId,
      lane.index,
      at,
      this.#lanes.map(({ openSince }) => openSince),
    )
    if (before || !this.#order.broken) return
    const { config, log } = this.#parts
    log.warn(
      { bridge: config.name, device: deviceId },
      'messages of one device come over several connections: their order is not kept; let the broker spread by topic, or use one connection',
    )
  }

  #opened(lane: Lane, kept: boolean): void {
    const { config, clock, log } = this.#parts
    const lost = lane.known && !kept
    if (lost) {
      this.#sessionsLost++
      log.warn(
        { bridge: config.name, clientId: lane.clientId },
        'the external broker had forgotten the session; what came to it meanwhile is lost',
      )
    }
    log.info(
      { bridge: config.name, clientId: lane.clientId, url: config.url, session: kept ? 'kept' : 'new' },
      'bridge connected',
    )
    lane.known = true
    lane.openSince = clock.wall()
    lane.problem = null
    this.#changed()
  }

  #closed(lane: Lane, problem: Problem | null): void {
    const { config, log } = this.#parts
    // An attempt that fails like the last one is no news.
    if (lane.openSince !== null || lane.problem?.reason !== problem?.reason)
      log.warn({ bridge: config.name, clientId: lane.clientId, url: config.url, ...problem }, 'bridge cut off')
    lane.openSince = null
    lane.problem = problem
    this.#changed()
  }

  #changed(): void {
    const open = this.#open
    const state = open === this.#lanes.length ? 'connected' : open === 0 ? 'away' : 'partly'
    if (state === this.#state) return
    this.#state = state
    this.#since = this.#parts.clock.wall()
    this.#parts.changed(state !== 'connected')
  }

  #unlessStopped(work: Promise<void>): Promise<void> {
    const { signal } = this.#halt
    return new Promise((resolve) => {
      const end = (): void => {
        signal.removeEventListener('abort', end)
        resolve()
      }
      signal.addEventListener('abort', end)
      void work.then(end)
    })
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms * (0.5 + Math.random() / 2), undefined, { signal: this.#halt.signal }).catch(() => undefined)
  }
}

/**
 * Through a bridge nobody can tell a device's own farewell from a will, which its broker publishes because the device is gone:
 * "offline" is never a sign of life (G4).
 */
function saysOffline(payload: Uint8Array): boolean {
  const parsed = parseJson(payload)
  return parsed.ok && isObject(parsed.value) && parsed.value['state'] === 'offline'
}
