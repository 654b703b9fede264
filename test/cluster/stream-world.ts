// Streams in a real Redis, written and read as the processes of a cluster do it.
import { truncateSync, statSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import type { InboundMessage } from '../../broker/ports.ts'
import { connectRedis } from '../../cluster/redis.ts'
import type { Placed } from '../../cluster/entry.ts'
import type { StreamGap } from '../../cluster/streams/stream-batch.ts'
import { StreamReader } from '../../cluster/streams/stream-reader.ts'
import { StreamWriter } from '../../cluster/streams/stream-writer.ts'
import type { StreamWriterOptions } from '../../cluster/streams/stream-writer.ts'
import { until } from '../support/hub-process.ts'
import type { RedisServer } from '../support/services/redis.ts'

export class StreamWorld {
  readonly server: RedisServer
  readonly #ends: (() => Promise<unknown> | void)[] = []

  constructor(server: RedisServer) {
    this.server = server
  }

  connect(kind: 'plain' | 'blocking' | 'batched' = 'plain'): Redis {
    const redis = connectRedis({
      url: this.server.url,
      name: 'test',
      blocking: kind === 'blocking',
      batched: kind === 'batched',
      onError: () => undefined,
    })
    this.#ends.push(() => redis.disconnect())
    return redis
  }

  async plain(): Promise<Redis> {
    const redis = this.connect()
    await until('redis is ready', () => redis.status === 'ready')
    return redis
  }

  async writer(options: Partial<StreamWriterOptions> = {}): Promise<StreamWriter> {
    const writer = new StreamWriter({ redis: this.connect('batched'), replicas: 0, known: 0, ...options })
    this.#ends.push(() => writer.stop(0))
    await writer.start()
    return writer
  }

  async reader(): Promise<StreamReader> {
    const reader = new StreamReader({
      blocking: this.connect('blocking'),
      redis: await this.plain(),
      wall: Date.now,
    })
    reader.start()
    this.#ends.push(() => reader.stop())
    return reader
  }

  async close(): Promise<void> {
    for (const end of this.#ends.splice(0).toReversed()) await end()
  }

  /** Closes, and removes what is in Redis for the next test. */
  async stop(): Promise<void> {
    await this.close()
    const redis = await this.plain()
    await redis.flushall()
    await this.close()
  }

  /** The file that Redis appends its writes to. */
  appendOnlyFile(): string {
    const folder = join(this.server.directory, 'appendonlydir')
    const name = readdirSync(folder).findLast((file) => file.endsWith('.incr.aof'))
    return join(folder, name as string)
  }

  appended(): number {
    return statSync(this.appendOnlyFile()).size
  }

  /** Kills Redis and starts it again on what its file held when it was so long: as after a loss of power. */
  async comeBackAsOf(bytes: number): Promise<void> {
    await this.server.kill()
    truncateSync(this.appendOnlyFile(), bytes)
    await this.server.restart()
  }
}

/** Reads one partition on and on. */
export class Following {
  readonly entries: Placed[] = []
  readonly gaps: StreamGap[] = []
  readonly unreadable: { readonly position: number; readonly problem: string; readonly sample: string }[] = []
  position: number
  readonly #reader: StreamReader
  readonly #partition: number
  readonly #running: Promise<void>

  constructor(reader: StreamReader, partition: number, after = 0) {
    this.#reader = reader
    this.#partition = partition
    this.position = after
    this.#running = this.#run()
  }

  texts(): string[] {
    return this.entries.map(({ entry }) =>
      entry.type === 'message' ? Buffer.from(entry.payload).toString() : entry.type,
    )
  }

  async stop(): Promise<void> {
    this.#reader.cancel(this.#partition)
    await this.#running
  }

  async #run(): Promise<void> {
    for (;;) {
      const batch = await this.#reader.next(this.#partition, this.position)
      if (batch === null) return
      this.entries.push(...batch.entries)
      this.gaps.push(...batch.gaps)
      this.unreadable.push(...batch.unreadable)
      this.position = batch.upTo
    }
  }
}

export const message = (deviceId: string, text: string, more: Partial<InboundMessage> = {}): InboundMessage => ({
  publisherId: deviceId,
  deviceId,
  channel: 'readings',
  payload: Buffer.from(text),
  qos: 1,
  receivedAt: Date.now(),
  will: false,
  ...more,
})
