// What a broker tells of its devices' connections: each change in order with the device's messages, tried again until it is
// written; and now and then all that Redis keeps is held against what this broker really has.
import type { Redis } from 'ioredis'
import { PARTITIONS } from '../../contract/partitions.ts'
import { linesOf } from '../keys.ts'
import type { StreamWriter } from '../streams/stream-writer.ts'
import { writePresence } from './line-scripts.ts'

export interface BrokerLinesOptions {
  readonly writer: StreamWriter
  readonly redis: Redis
  /** This process. */
  readonly node: string
  /** Wall time, ms. */
  readonly wall: () => number
  readonly failed: (error: unknown) => void
  readonly retryEveryMs?: number
  readonly compareEveryMs?: number
}

interface Change {
  readonly connected: boolean
  readonly at: number
  readonly politely: boolean
  /** On its way. */
  sent: boolean
}

const RETRY_EVERY_MS = 500
const COMPARE_EVERY_MS = 30_000
const LEAVE_WITHIN_MS = 2_000

export class BrokerLines {
  private readonly options: BrokerLinesOptions
  private readonly connected = new Set<string>()
  /** What is not written yet: of each device its newest change. */
  private readonly unwritten = new Map<string, Change>()
  private timers: NodeJS.Timeout[] = []
  private comparing = false
  private allWritten: (() => void) | null = null

  constructor(options: BrokerLinesOptions) {
    this.options = options
  }

  start(): void {
    const { retryEveryMs = RETRY_EVERY_MS, compareEveryMs = COMPARE_EVERY_MS } = this.options
    this.timers = [
      setInterval(() => this.retry(), retryEveryMs),
      setInterval(() => void this.compare(), compareEveryMs),
    ]
  }

  /** Devices that are connected here. */
  get size(): number {
    return this.connected.size
  }

  /** As the broker's observer hears it. Returns at once. */
  changed(deviceId: string, connected: boolean, at: number, politely: boolean): void {
    if (connected) this.connected.add(deviceId)
    else this.connected.delete(deviceId)
    const change = { connected, at, politely, sent: false }
    this.unwritten.set(deviceId, change)
    this.write(deviceId, change)
  }

  /** Redis may have come back with an older hash, or without it. */
  async compare(): Promise<void> {
    const { redis, node, wall, writer, failed } = this.options
    if (this.comparing || writer.problem !== null) return
    this.comparing = true
    try {
      const pipeline = redis.pipeline()
      for (let partition = 0; partition < PARTITIONS; partition++) pipeline.hgetall(linesOf(partition))
      const answers = (await pipeline.exec()) ?? []
      const broken = answers.find(([error]) => error !== null)
      if (broken !== undefined) throw broken[0] as Error
      const lines = new Map(answers.flatMap(([, hash]) => Object.entries(hash as Record<string, string>)))
      const at = wall()
      for (const deviceId of this.connected)
        if (!lines.has(deviceId) && !this.unwritten.has(deviceId)) this.changed(deviceId, true, at, false)
      for (const [deviceId, holder] of lines)
        if (holder === node && !this.connected.has(deviceId) && !this.unwritten.has(deviceId))
          this.changed(deviceId, false, at, false)
    } catch (error) {
      failed(error)
    } finally {
      this.comparing = false
    }
  }

  /** The broker goes, not its devices: they are told to have left politely, and come back elsewhere. */
  async leave(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer)
    const at = this.options.wall()
    for (const deviceId of [...this.connected]) this.changed(deviceId, false, at, true)
    if (this.unwritten.size === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LEAVE_WITHIN_MS)
      this.allWritten = () => (clearTimeout(timer), resolve())
    })
  }

  private retry(): void {
    if (this.options.writer.problem !== null) return
    for (const [deviceId, change] of this.unwritten) if (!change.sent) this.write(deviceId, change)
  }

  private write(deviceId: string, change: Change): void {
    const { writer, node } = this.options
    const { connected, at, politely } = change
    change.sent = true
    writePresence(writer, { type: 'presence', deviceId, connected, politely, at, node }, (error) => {
      change.sent = false
      if (error !== null || this.unwritten.get(deviceId) !== change) return
      this.unwritten.delete(deviceId)
      if (this.unwritten.size === 0) this.allWritten?.()
    })
  }
}
