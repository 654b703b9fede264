// Ingest workers in this process, over a real Redis and a real PostgreSQL: what a cluster is without its brokers and
// dashboards. Entries are written as brokers and dashboards write them. Time passes when it is told to, in all workers alike.
import { randomBytes, randomUUID } from 'node:crypto'
import { partitionOf, PARTITIONS } from '../../../contract/partitions.ts'
import type { Act } from '../../../contract/alarms.ts'
import type { Attributes } from '../../../contract/http/devices.ts'
import type { KindName } from '../../../contract/kinds/kind.ts'
import type { UpChannel } from '../../../contract/topics.ts'
import { encodeEntry } from '../../../cluster/entry.ts'
import type { StreamEntry } from '../../../cluster/entry.ts'
import { HEARD_KEY } from '../../../cluster/keys.ts'
import { decodeAnswer } from '../../../cluster/live-words.ts'
import type { ActAnswer } from '../../../cluster/live-words.ts'
import { NodeBoard } from '../../../cluster/node-board.ts'
import { redisReady } from '../../../cluster/ready.ts'
import { connectRedis } from '../../../cluster/redis.ts'
import { StreamWriter } from '../../../cluster/streams/stream-writer.ts'
import type { Worker, WorkerOptions } from '../../../cluster/worker/worker.ts'
import { DEFAULT_RULES } from '../../../hub/rules.ts'
import type { CommandLine } from '../../../ingest/commands/ports.ts'
import type { StoredInput } from '../../../ingest/readings/port.ts'
import { createPostgresLedger } from '../../../records/postgres-ledger.ts'
import { EVERYTHING } from '../../../records/scope.ts'
import type { CommittedTransition, NewRejection } from '../../../records/ledger.ts'
import type { ClusterLedger } from '../../../records/ledger/cluster.ts'
import { until } from '../../support/hub-process.ts'
import type { PostgresServer } from '../../support/services/postgres.ts'
import type { RedisServer } from '../../support/services/redis.ts'
import { assembleWorker } from './assemble.ts'

export const OFFICER = { id: 'u1', name: '周晓岚' }
export const ACTOR = { userId: 'u1', name: '周晓岚', address: '10.0.0.7' }
const WITHIN_MS = 60_000

/** A store of readings that keeps what it is given once, and is away when it is told to be. */
export class MemoryStore {
  readonly byKey = new Map<string, StoredInput>()
  appends = 0
  away = false

  append(inputs: readonly StoredInput[]): Promise<void> {
    this.appends++
    if (this.away) return Promise.reject(new Error('the store is away'))
    for (const input of inputs)
      this.byKey.set(`${input.deviceId} ${input.ts} ${input.type} ${input.type === 'reading' ? '' : input.name}`, input)
    return Promise.resolve()
  }

  of(deviceId: string): StoredInput[] {
    return [...this.byKey.values()].filter((input) => input.deviceId === deviceId)
  }
}

export interface TestWorker {
  readonly id: string
  readonly worker: Worker
  readonly rejected: NewRejection[]
  readonly lines: string[]
  /** Ends it in order. */
  stop(): Promise<void>
}

export class World {
  readonly ledger: ClusterLedger
  readonly store = new MemoryStore()
  readonly redis
  readonly writer: StreamWriter
  /** How far time was told to be ahead, ms. */
  ahead = 0
  line: CommandLine = { lineOf: () => 'away', send: () => false }
  readonly broker: NodeBoard
  readonly redisServer: RedisServer
  readonly database: string
  private readonly workers = new Set<TestWorker>()
  private readonly ends: (() => Promise<unknown> | void)[] = []

  private constructor(redisServer: RedisServer, database: string) {
    this.redisServer = redisServer
    this.database = database
    this.ledger = this.openLedger('world')
    this.redis = this.connect()
    this.writer = new StreamWriter({ redis: this.connect('batched'), replicas: 0, known: 0 })
    this.broker = new NodeBoard(this.redis, { id: 'broker-test', role: 'broker', startedAt: Date.now() })
  }

  static async open(redisServer: RedisServer, postgres: PostgresServer): Promise<World> {
    const world = new World(redisServer, await postgres.database(`w_${randomBytes(6).toString('hex')}`))
    await world.ledger.start()
    await world.ledger.partitions.ensure(PARTITIONS)
    await redisReady(world.redis)
    await world.redis.flushall()
    // Somebody listened until now.
    await world.redis.set(HEARD_KEY, world.clock.now())
    await world.writer.start()
    world.broker.start()
    return world
  }

  readonly clock = {
    now: (): number => Date.now() + this.ahead,
    wall: (): number => Date.now() + this.ahead,
  }

  /** Ends what still runs. */
  async close(): Promise<void> {
    for (const worker of [...this.workers]) await worker.stop()
    await this.broker.stop()
    await this.writer.stop(0)
    for (const end of this.ends.toReversed()) await end()
    await this.ledger.stop()
  }

  connect(kind: 'plain' | 'blocking' | 'batched' = 'plain') {
    const redis = connectRedis({
      url: this.redisServer.url,
      name: 'test',
      blocking: kind === 'blocking',
      batched: kind === 'batched',
      onError: () => undefined,
    })
    this.ends.push(() => redis.disconnect())
    return redis
  }

  openLedger(name: string): ClusterLedger {
    return createPostgresLedger({
      url: this.database,
      name,
      defaultRules: DEFAULT_RULES,
      hashDeviceToken: (token) => token,
    })
  }

  // ── who is there ──

  async site(name = '槐荫 12 号'): Promise<string> {
    const { id } = await this.ledger.places.createSite(ACTOR, { name, area: '示范县' })
    return id
  }

  async device(
    id: string,
    kind: KindName = 'gas',
    siteId: string | null = null,
    attributes: Attributes = {},
  ): Promise<void> {
    await this.ledger.devices.create(ACTOR, { id, kind, name: id, siteId, attributes })
  }

  /** An id in this partition, or in any other than that of `not`. */
  static idIn(partition: number, prefix = 'd'): string {
    for (let i = 0; ; i++) if (partitionOf(`${prefix}${i}`) === partition) return `${prefix}${i}`
  }

  // ── workers ──

  async worker(options: Partial<WorkerOptions> = {}): Promise<TestWorker> {
    const id = `ingest-${randomBytes(4).toString('hex')}`
    const ledger = this.openLedger(id)
    await ledger.start()
    const redis = this.connect()
    await redisReady(redis)
    const lines: string[] = []
    const rejected: NewRejection[] = []
    const worker = assembleWorker(id, {
      ledger,
      redis,
      blocking: this.connect('blocking'),
      writer: this.writer,
      store: this.store,
      line: {
        lineOf: (...given) => this.line.lineOf(...given),
        send: (...given) => this.line.send(...given),
      },
      clock: this.clock,
      say: (line) => void lines.push(line),
      rejected: (samples) => void rejected.push(...samples),
      ...options,
    })
    const running: TestWorker = {
      id,
      worker,
      rejected,
      lines,
      stop: async () => {
        this.workers.delete(running)
        await worker.stop()
        await ledger.stop()
      },
    }
    this.workers.add(running)
    await worker.start()
    return running
  }

  /** Every partition is owned, and nothing waits. */
  async owned(...workers: readonly TestWorker[]): Promise<void> {
    await until(
      'every partition is owned and live',
      () => {
        const held = workers.flatMap(({ worker }) => worker.keeper.held().filter(({ isLive }) => isLive))
        return held.length === PARTITIONS
      },
      WITHIN_MS,
    )
  }

  /** Time passes in all workers, a little at a time, as it does. */
  async later(ms: number): Promise<void> {
    const step = 2_000
    for (let left = ms; left > 0; left -= step) {
      this.ahead += Math.min(step, left)
      await this.redis.set(HEARD_KEY, this.clock.now())
      for (const { worker } of this.workers) {
        await worker.hearing.look()
        for (const partition of worker.keeper.held()) partition.pipeline.keepTime()
      }
    }
  }

  // ── what comes in ──

  add(entry: StreamEntry): Promise<number> {
    return this.writer.added(partitionOf(entry.deviceId), encodeEntry(entry))
  }

  say(
    deviceId: string,
    body: unknown,
    channel: UpChannel = 'readings',
    receivedAt = this.clock.wall(),
  ): Promise<number> {
    const payload = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
    return this.add({ type: 'message', deviceId, channel, qos: 1, receivedAt, will: false, payload })
  }

  gas(deviceId: string, value: number, ts = this.clock.wall()): Promise<number> {
    return this.say(deviceId, { ts, values: { gas_lel: value } }, 'readings', this.clock.wall())
  }

  act(
    deviceId: string,
    act: Act,
    requestId: string = randomUUID(),
    expires = this.clock.wall() + 20_000,
  ): Promise<number> {
    return this.add({ type: 'act', requestId, expires, deviceId, act, address: '10.0.0.7' })
  }

  // ── what came of it ──

  transitions(): Promise<CommittedTransition[]> {
    return this.ledger.journal.after(EVERYTHING, 0, 10_000)
  }

  async told(deviceId: string): Promise<string[]> {
    const all = await this.transitions()
    return all.flatMap(({ transition: { alarm, type, reason } }) =>
      alarm.deviceId === deviceId ? [`${type} ${reason} ${alarm.ruleId}`] : [],
    )
  }

  /** Waits for at least so many transitions of a device. */
  async tells(deviceId: string, count: number): Promise<string[]> {
    return until(
      `${deviceId} has ${count} transitions`,
      async () => {
        const told = await this.told(deviceId)
        return told.length >= count && told
      },
      WITHIN_MS,
    )
  }

  async answer(requestId: string): Promise<ActAnswer> {
    const body = await until('it is answered', () => this.ledger.answers.find(requestId), WITHIN_MS)
    return decodeAnswer<ActAnswer>(body)
  }

  /** Everything that is in the streams is decided for good, and stored. */
  async settled(): Promise<void> {
    await until(
      'everything is decided and stored',
      async () => {
        const rows = await this.ledger.partitions.all()
        const ends = await Promise.all(rows.map(({ partition }) => this.endOf(partition)))
        return rows.every(({ partition, decided, stored }) => {
          const end = ends[partition] as number
          return decided >= end && stored >= end
        })
      },
      WITHIN_MS,
    )
  }

  private async endOf(partition: number): Promise<number> {
    const [last] = await this.redis.xrevrange(`zhian:in:${partition}`, '+', '-', 'COUNT', 1)
    return last === undefined ? 0 : Number(last[0].slice(2))
  }
}
