// Runs pure device models over real MQTT connections, in world time, and keeps count for an oracle.
//
// The world starts at the wall time of start() and runs `speed` times as fast. Samples carry wall time, so that a hub
// believes them whatever the speed; only what happens (loads, leaks, doors) happens faster.
import { upTopic } from '../contract/topics.ts'
import { DeviceConnection } from './connection.ts'
import type { ConnectionObserver, Delivery, Outgoing } from './connection.ts'
import type { DeviceModel } from './devices/model.ts'
import { Obedience } from './devices/obey.ts'
import { faultsOf } from './faults.ts'
import { history } from './history.ts'
import { messages } from './messages.ts'
import type { Message, Stamp } from './messages.ts'
import { uniform } from './random.ts'

export interface FleetDevice {
  readonly model: DeviceModel
  readonly token: string
}

export interface FleetOptions {
  /** `mqtt://host:port` or `mqtts://host:port`. */
  readonly url: string
  readonly devices: readonly FleetDevice[]
  /** World time when live sending starts; incidents count from here. */
  readonly worldStart: number
  /** World seconds a second. */
  readonly speed?: number
  readonly connectsPerSecond?: number
  readonly reconnectMs?: number
  /** Messages without PUBACK that a device keeps. */
  readonly memory?: number
  readonly ca?: string
  /** Called with each message when it leaves its device. */
  readonly onSend?: (message: Outgoing) => void
  /** Called once for each message, when it was acknowledged or given up. */
  readonly onDelivery?: (delivery: Delivery) => void
}

export interface FleetCounts {
  readonly devices: number
  readonly connected: number
  /** Messages, the device's status not counted. sent = acknowledged + outstanding + abandoned. */
  readonly sent: number
  readonly acknowledged: number
  readonly outstanding: number
  readonly abandoned: number
  /** Lost in a device whose memory was full; never sent. */
  readonly overflowed: number
  readonly reconnects: number
  readonly lastError: string | null
}

/** How often due messages are looked for, and how far ahead they are made, wall ms. */
const TICK_MS = 20
const AHEAD_MS = 5_000
/** Ten messages a second a device is what a hub takes without slowing it down. */
const HISTORY_PAUSE_MS = 100
const HISTORY_AT_ONCE = 16

interface Running {
  device: FleetDevice
  readonly connection: DeviceConnection
  cuts: readonly { readonly from: number; readonly until: number }[]
  /** Made, not yet due; world time up to which they were made. */
  queue: Message[]
  next: number
  madeUntil: number
  cut: boolean
}

export class Fleet {
  readonly #options: FleetOptions
  readonly #speed: number
  readonly #running: Running[]
  #timer: NodeJS.Timeout | null = null
  #liveSince = 0
  #stopped: Promise<void> | null = null
  #sent = 0
  #acknowledged = 0
  #abandoned = 0
  #overflowed = 0
  #reconnects = 0
  #lastError: string | null = null

  constructor(options: FleetOptions) {
    this.#options = options
    this.#speed = options.speed ?? 1
    this.#running = options.devices.map((device) => ({
      device,
      connection: this.#connectionOf(device),
      cuts: cutsOf(device.model),
      queue: [],
      next: 0,
      madeUntil: options.worldStart,
      cut: false,
    }))
  }

  /**
   * Opens every connection. Resolves when each is open or was refused once (refused ones keep trying); rejects with the
   * last reason when none is open.
   */
  async connect(): Promise<void> {
    const perSecond = this.#options.connectsPerSecond ?? 200
    for (const [index, { connection }] of this.#running.entries()) {
      connection.open()
      if (index % perSecond === perSecond - 1) await pause(1_000)
    }
    await until(() => this.#running.every(({ connection }) => connection.isOpen || connection.wasRefused), Infinity)
    if (!this.#running.some(({ connection }) => connection.isOpen)) throw new Error(this.#lastError ?? 'no devices')
  }

  /** Delivers the world's last `hours` before its start, late, in arrays; resolves when all of it is acknowledged. */
  async deliverHistory(hours: number, everySeconds: number): Promise<void> {
    const { worldStart } = this.#options
    const from = worldStart - hours * 3_600_000
    await this.deliver(({ model }) => history(model, from, worldStart, everySeconds * 1000))
  }

  /** Delivers what each device kept, a few devices at a time; resolves when all of it is acknowledged. */
  async deliver(keptBy: (device: FleetDevice) => readonly Outgoing[]): Promise<void> {
    const waiting = [...this.#running]
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined && this.#stopped === null; next = waiting.shift()) {
        const kept = keptBy(next.device)
        for (const [index, outgoing] of kept.entries()) {
          await this.#send(next, outgoing)
          if (index < kept.length - 1) await pause(HISTORY_PAUSE_MS)
        }
      }
    }
    await Promise.all(Array.from({ length: HISTORY_AT_ONCE }, work))
  }

  /**
   * Starts the world: from now on devices say what they measure. `keptBy` gives what a device says first, of the time
   * just before, stamped as its live readings will be.
   */
  start(keptBy: (device: FleetDevice, stamp: Stamp) => readonly Outgoing[] = () => []): void {
    if (this.#timer !== null || this.#stopped !== null) return
    this.#liveSince = Date.now()
    for (const running of this.#running) {
      for (const outgoing of keptBy(running.device, this.#stamp)) void this.#send(running, outgoing)
    }
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  /** The device goes on as this model from now on: something else happens to it than was foreseen. */
  replace(model: DeviceModel): void {
    const running = this.#running.find(({ device }) => device.model.id === model.id)
    if (running === undefined) throw new Error(`the fleet has no device "${model.id}"`)
    const now = this.now()
    running.device = { ...running.device, model }
    running.cuts = cutsOf(model)
    running.queue = running.queue.slice(running.next).filter(({ at }) => at < now)
    running.next = 0
    running.madeUntil = Math.min(running.madeUntil, now)
  }

  /** World time → the wall time at which it is lived. */
  readonly #stamp: Stamp = (t) => this.#liveSince + (t - this.#options.worldStart) / this.#speed

  /** World time now. */
  now(): number {
    if (this.#liveSince === 0) return this.#options.worldStart
    return this.#options.worldStart + (Date.now() - this.#liveSince) * this.#speed
  }

  counts(): FleetCounts {
    return {
      devices: this.#running.length,
      connected: this.#running.filter(({ connection }) => connection.isOpen).length,
      sent: this.#sent,
      acknowledged: this.#acknowledged,
      outstanding: this.#running.reduce((sum, { connection }) => sum + connection.outstanding, 0),
      abandoned: this.#abandoned,
      overflowed: this.#overflowed,
      reconnects: this.#reconnects,
      lastError: this.#lastError,
    }
  }

  /** Sends nothing new, waits up to `patienceMs` for PUBACKs, says offline for every device. May be called again. */
  stop(patienceMs = 10_000): Promise<void> {
    this.#stopped ??= this.#stop(patienceMs)
    return this.#stopped
  }

  async #stop(patienceMs: number): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    const quiet = (): boolean => this.#running.every(({ connection, cut }) => cut || connection.outstanding === 0)
    await until(quiet, patienceMs)
    await Promise.all(this.#running.map(({ connection }) => connection.end()))
  }

  #tick(): void {
    const now = this.now()
    for (const running of this.#running) {
      if (running.madeUntil <= now) this.#make(running, now)
      for (
        let due = running.queue[running.next];
        due !== undefined && due.at <= now;
        due = running.queue[running.next]
      ) {
        running.next++
        void this.#send(running, due)
      }
      // After the sending: a device that loses mains has said so.
      this.#cutOrMend(running, now)
    }
  }

  /** Makes the next stretch of messages, of uneven length so that not all devices are due in one tick. */
  #make(running: Running, now: number): void {
    const { model } = running.device
    const from = running.madeUntil
    const share = 0.5 + uniform(model.seed, from)
    const until = Math.max(now, from) + AHEAD_MS * this.#speed * share
    running.queue = [...running.queue.slice(running.next), ...messages(model, from, until, this.#stamp)]
    running.next = 0
    running.madeUntil = until
  }

  #cutOrMend(running: Running, now: number): void {
    if (running.cuts.length === 0) return
    const cut = running.cuts.some(({ from, until }) => now >= from && now < until)
    if (cut === running.cut) return
    if (cut && running.connection.outstanding > 0 && running.connection.isOpen) return
    running.cut = cut
    if (cut) running.connection.cut()
    else running.connection.open()
  }

  async #send(running: Running, message: Parameters<DeviceConnection['send']>[0]): Promise<void> {
    this.#sent++
    this.#options.onSend?.(message)
    await running.connection.send(message)
  }

  /** Does what it is told, and says so: first what happened, then the answer. */
  #obey({ id }: DeviceModel, obedience: Obedience, payload: Uint8Array): void {
    const running = this.#running.find(({ device }) => device.model.id === id)
    if (running === undefined) return
    const ts = Date.now()
    const { reply, event } = obedience.hear(payload, ts)
    const say = (channel: 'events' | 'replies', body: unknown, samples: readonly number[]): void =>
      void this.#send(running, { channel, topic: upTopic(id, channel), payload: JSON.stringify(body), qos: 1, samples })
    if (event !== null) say('events', { ts, ...event }, [ts])
    if (reply !== null) say('replies', reply, [])
  }

  #connectionOf({ model, token }: FleetDevice): DeviceConnection {
    const obedience = new Obedience()
    const { url, ca, reconnectMs = 1_000, memory = 1_000, onDelivery } = this.#options
    const observer: ConnectionObserver = {
      delivered: (delivery) => {
        if (delivery.ackedAt === null) this.#abandoned++
        else this.#acknowledged++
        onDelivery?.(delivery)
      },
      connected: (again) => {
        if (again) this.#reconnects++
      },
      failed: (error) => {
        this.#lastError = `${model.id}: ${error.message || codeOf(error)}`
      },
      commanded: (payload) => this.#obey(model, obedience, payload),
      overflowed: () => {
        this.#overflowed++
        this.#sent--
      },
    }
    return new DeviceConnection(
      { url, deviceId: model.id, token, reconnectMs, memory, ...(ca ? { ca } : {}) },
      observer,
    )
  }
}

/** When the link of a device is broken. */
const cutsOf = (model: DeviceModel): Running['cuts'] =>
  faultsOf(model).flatMap(({ disconnected }) => (disconnected ? [disconnected] : []))

/** A refused connection to a name with several addresses comes as an error without a message. */
const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : error.name)

/** Resolves when the condition holds, or after `patienceMs`. */
async function until(condition: () => boolean, patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!condition() && performance.now() < deadline) await pause(TICK_MS)
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
