// The broker's intake in a cluster: a message is safe when it is in its partition's stream, and then it is acknowledged (G1).
//
//   room in the stream        added at once; `done` follows Redis' answer
//   little room               held until there is: devices are slowed by what they may have on their way (G6); QoS 0 is dropped
//   no room, or no Redis      `done` with an error: no PUBACK, the connection closes, the device sends again
import type { Intake, InboundMessage } from '../../broker/ports.ts'
import { partitionOf } from '../../contract/partitions.ts'
import { encodeEntry } from '../entry.ts'
import { writeWill } from '../lines/line-scripts.ts'
import type { Backlog } from './backlog.ts'
import { NotAdded } from './stream-writer.ts'
import type { Added, StreamWriter } from './stream-writer.ts'

type Done = (error?: Error) => void

interface Held {
  readonly message: InboundMessage
  readonly partition: number
  readonly done: Done
  /** Monotonic, ms. */
  readonly since: number
}

export interface StreamIntakeOptions {
  readonly writer: StreamWriter
  readonly backlog: Backlog
  /** The broker's process. */
  readonly node: string
  /** Monotonic, ms. */
  readonly now?: () => number
}

/** Messages and what became of them since the start; an error is always also the broker's `failed`. */
export interface IntakeCounters {
  readonly added: number
  /** QoS 0 without room: nobody sends those again. */
  readonly dropped: number
  /** Wills of connections whose device had come to another broker before they were found broken. */
  readonly voidWills: number
  /** Without an acknowledgement: no room, and no Redis or no answer. */
  readonly refusedFull: number
  readonly refusedAway: number
  /** Now. */
  readonly held: number
}

/** Longer than this a device is not kept waiting: it may come back at another broker, or later, ms. */
const HELD_AT_MOST_MS = 10_000
const LOOK_AT_HELD_MS = 250
/** How long the last receipt time of a device is remembered, ms. */
const REMEMBERED_MS = 60_000

export class StreamIntake implements Intake {
  private readonly writer: StreamWriter
  private readonly backlog: Backlog
  private readonly node: string
  private readonly now: () => number
  private readonly counts = { added: 0, dropped: 0, voidWills: 0, refusedFull: 0, refusedAway: 0 }
  /** Oldest first. What one publisher sends behind a held message is held behind it. */
  private held: Held[] = []
  private readonly heldOf = new Map<string, number>()
  private readonly lastReceived = new Map<string, number>()
  private timer: NodeJS.Timeout | null = null
  private sweptAt: number

  constructor({ writer, backlog, node, now = () => performance.now() }: StreamIntakeOptions) {
    this.writer = writer
    this.backlog = backlog
    this.node = node
    this.now = now
    this.sweptAt = now()
  }

  start(): void {
    this.timer ??= setInterval(() => this.lookAtHeld(), LOOK_AT_HELD_MS)
  }

  /** What is held is refused: it was not acknowledged, and its device sends it again elsewhere. */
  stop(): void {
    if (this.timer !== null) clearInterval(this.timer)
    this.timer = null
    const { held } = this
    this.held = []
    this.heldOf.clear()
    for (const { done } of held) done(new NotAdded('stopping'))
  }

  accept(message: InboundMessage, done: Done): void {
    const partition = partitionOf(message.deviceId)
    if (this.writer.problem !== null) {
      this.counts.refusedAway += 1
      done(new NotAdded(this.writer.problem))
      return
    }
    const room = this.backlog.room(partition)
    if (room === 'free' && !this.heldOf.has(message.publisherId)) this.add(message, partition, done)
    else if (message.qos === 0) {
      this.counts.dropped += 1
      done()
    } else if (room === 'full') {
      this.counts.refusedFull += 1
      done(new NotAdded('the stream is full'))
    } else this.hold({ message, partition, done, since: this.now() })
  }

  counters(): IntakeCounters {
    return { ...this.counts, held: this.held.length }
  }

  /** There may be room again. Called after every look at the backlog. */
  lookAtHeld(): void {
    this.sweep()
    if (this.held.length === 0) return
    const now = this.now()
    const still: Held[] = []
    const behind = new Set<string>()
    const { held } = this
    this.held = []
    this.heldOf.clear()
    for (const one of held) {
      const { message, partition, done, since } = one
      const room = this.backlog.room(partition)
      if (this.writer.problem !== null) {
        this.counts.refusedAway += 1
        done(new NotAdded(this.writer.problem))
      } else if (room === 'full' || now - since >= HELD_AT_MOST_MS) {
        this.counts.refusedFull += 1
        done(new NotAdded('the stream is full'))
      } else if (room === 'slow' || behind.has(message.publisherId)) {
        behind.add(message.publisherId)
        still.push(one)
      } else this.add(message, partition, done)
    }
    // Calls of `done` may have brought more.
    const came = this.held
    this.held = []
    this.heldOf.clear()
    for (const one of [...still, ...came]) this.hold(one)
  }

  private hold(held: Held): void {
    const { publisherId } = held.message
    this.held.push(held)
    this.heldOf.set(publisherId, (this.heldOf.get(publisherId) ?? 0) + 1)
  }

  private add(message: InboundMessage, partition: number, done: Done): void {
    const { deviceId, channel, qos, will, payload } = message
    const receivedAt = this.receiptOf(message)
    this.backlog.added(partition, payload.byteLength)
    // The payload stays as it is until `done`: it is not copied here.
    const fields = encodeEntry({ type: 'message', deviceId, channel, qos, receivedAt, will, payload })
    const added: Added = (error, position) => {
      if (error === null) {
        if (position === 0) this.counts.voidWills += 1
        else this.counts.added += 1
        done()
      } else {
        this.counts.refusedAway += 1
        done(error)
      }
    }
    if (will) writeWill(this.writer, { node: this.node, publisherId: message.publisherId, partition }, fields, added)
    else this.writer.add(partition, fields, added)
  }

  /** Strictly rising for one device: a reading without a time of its own gets this one, and no two may share it. */
  private receiptOf({ deviceId, receivedAt }: InboundMessage): number {
    const at = Math.max(receivedAt, (this.lastReceived.get(deviceId) ?? 0) + 1)
    this.lastReceived.set(deviceId, at)
    return at
  }

  private sweep(): void {
    const now = this.now()
    if (now - this.sweptAt < REMEMBERED_MS) return
    this.sweptAt = now
    const old = Date.now() - REMEMBERED_MS
    for (const [deviceId, at] of this.lastReceived) if (at < old) this.lastReceived.delete(deviceId)
  }
}
