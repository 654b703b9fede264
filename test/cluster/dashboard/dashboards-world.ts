// Two dashboards of one cluster in this process, on a real PostgreSQL and a real Redis; what owns the partitions is played by the
// test, which journals what it likes.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { io } from 'socket.io-client'
import type { Socket } from 'socket.io-client'
import type { Redis } from 'ioredis'
import type { DownEvents, FeedRefusal, ResumeReply, UpEvents } from '../../../contract/feed.ts'
import type { Role } from '../../../contract/role-names.ts'
import { PARTITIONS, partitionOf } from '../../../contract/partitions.ts'
import { decodeEntry } from '../../../cluster/entry.ts'
import type { Placed, StreamEntry } from '../../../cluster/entry.ts'
import { streamOf } from '../../../cluster/keys.ts'
import { NodeBoard } from '../../../cluster/node-board.ts'
import { connectRedis } from '../../../cluster/redis.ts'
import { positionOf } from '../../../cluster/streams/opening.ts'
import { hashPassword } from '../../../dashboard/server/auth/passwords.ts'
import { hashToken } from '../../../broker/tokens.ts'
import { readConfig } from '../../../hub/config.ts'
import { startDashboardRole } from '../../../hub/roles/dashboard.ts'
import type { Running } from '../../../hub/roles/start.ts'
import { DEFAULT_RULES } from '../../../hub/rules.ts'
import type { CommittedTransition, Journal, JournalBatch } from '../../../records/ledger.ts'
import type { ClusterLedger } from '../../../records/ledger/cluster.ts'
import { createPostgresLedger } from '../../../records/postgres-ledger.ts'
import { entryOf } from '../../records/entries.ts'
import type { EntrySettings } from '../../records/entries.ts'
import { startPostgres } from '../../support/services/postgres.ts'
import type { PostgresServer } from '../../support/services/postgres.ts'
import { startRedis } from '../../support/services/redis.ts'
import type { RedisServer } from '../../support/services/redis.ts'

export const PASSWORD = 'correct horse battery'
export const CONSOLE = { userId: 'console', name: 'console', address: 'console' }
const OWNER = 'ingest-of-the-test'
const LEASE_MS = 3_600_000

export type Client = Socket<DownEvents, UpEvents>

export interface Answer<T> {
  readonly status: number
  readonly body: T
  readonly cookie: string
}

export class DashboardsWorld {
  readonly directory = mkdtempSync(join(tmpdir(), 'zhian-dashboards-'))
  readonly postgres: PostgresServer
  readonly redis: RedisServer
  readonly databaseUrl: string
  readonly ledger: ClusterLedger
  /** A connection of the test's own. */
  readonly connection: Redis
  readonly dashboards: Running[] = []
  readonly users: Record<string, string> = {}
  site = { id: '', areaIds: [] as string[] }
  private readonly journals = new Map<number, Journal>()
  private broker: NodeBoard
  private readonly clients: Client[] = []

  private constructor(postgres: PostgresServer, redis: RedisServer, databaseUrl: string) {
    this.postgres = postgres
    this.redis = redis
    this.databaseUrl = databaseUrl
    this.ledger = createPostgresLedger({
      url: databaseUrl,
      defaultRules: DEFAULT_RULES,
      hashDeviceToken: (token, key) => hashToken(key, token).toString('hex'),
    })
    this.connection = connectRedis({ url: redis.url, name: 'test', onError: () => undefined })
    this.broker = this.newBroker()
    writeFileSync(join(this.directory, 'personal.key'), `${randomBytes(32).toString('base64')}\n`)
  }

  /** Users admin and duty, manager with the one site, where the devices DEV-A and DEV-B are. */
  static async start(dashboards = 2): Promise<DashboardsWorld> {
    const [postgres, redis] = await Promise.all([startPostgres(), startRedis()])
    const world = new DashboardsWorld(postgres, redis, await postgres.database('zhian'))
    await world.ledger.start()
    await world.ledger.partitions.ensure(PARTITIONS)
    await world.own()
    world.broker.start()
    await world.settle()
    for (let started = 0; started < dashboards; started++) await world.serve()
    return world
  }

  async serve(): Promise<Running> {
    const config = readConfig({
      ZHIAN_ROLE: 'dashboard',
      ZHIAN_HTTP_PORT: '0',
      ZHIAN_DATABASE_URL: this.databaseUrl,
      ZHIAN_REDIS_URL: this.redis.url,
      // Nobody listens there: readings are away, and nothing else is.
      ZHIAN_VICTORIA_URL: 'http://127.0.0.1:9',
      ZHIAN_PERSONAL_KEY_FILE: join(this.directory, 'personal.key'),
    })
    const running = await startDashboardRole(config, pino({ level: 'silent' }))
    this.dashboards.push(running)
    return running
  }

  /** Owns every partition from now on. */
  async own(): Promise<void> {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const row = await this.ledger.partitions.take(partition, OWNER, LEASE_MS)
      if (row === null) throw new Error(`partition ${partition} is somebody else's`)
      this.journals.set(partition, this.ledger.partitions.journal(row))
    }
  }

  /** As if every broker had gone. */
  async withoutBroker(work: () => Promise<void>): Promise<void> {
    await this.broker.stop()
    try {
      await work()
    } finally {
      this.broker = this.newBroker()
      this.broker.start()
    }
  }

  private newBroker(): NodeBoard {
    return new NodeBoard(this.connection, { id: 'broker-of-the-world', role: 'broker', startedAt: 1 })
  }

  private async settle(): Promise<void> {
    const { places, devices } = this.ledger
    const { id } = await places.createSite(CONSOLE, { name: '槐荫 12 号', area: '示范县/青禾街道/槐荫社区' })
    await devices.create(CONSOLE, { id: 'DEV-A', kind: 'electricity', name: '总进线', siteId: id })
    await devices.create(CONSOLE, { id: 'DEV-B', kind: 'gas', name: '厨房', siteId: id })
    this.site = { id, areaIds: [...((await devices.identity('DEV-A'))?.areaIds ?? [])] }
    await this.addUser('admin', 'admin')
    await this.addUser('duty', 'duty')
    await this.addUser('officer', 'duty')
    await this.addUser('manager', 'manager', [id])
  }

  async addUser(username: string, role: Role, sites: string[] = []): Promise<string> {
    const passwordHash = await hashPassword(PASSWORD)
    const user = { username, name: `${username} 某`, role, passwordHash, mustChange: false, sites }
    return (this.users[username] = (await this.ledger.users.create(CONSOLE, user)).id)
  }

  baseOf(dashboard: number): string {
    return `http://127.0.0.1:${this.dashboards[dashboard]?.httpPort}`
  }

  async call<T = Record<string, unknown>>(
    dashboard: number,
    method: string,
    path: string,
    { as, body }: { as?: string; body?: unknown } = {},
  ): Promise<Answer<T>> {
    const base = this.baseOf(dashboard)
    const response = await fetch(`${base}${path.startsWith('/api') || path === '/readyz' ? path : `/api/v1${path}`}`, {
      method,
      headers: {
        ...(as === undefined ? {} : as.startsWith('Bearer ') ? { authorization: as } : { cookie: as }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as T, cookie }
  }

  async newSession(username: string): Promise<string> {
    const actor = { userId: this.users[username] as string, name: username, address: '127.0.0.1' }
    return `zhian=${await this.ledger.sessions.begin(actor, Date.now() + 30 * 86_400_000)}`
  }

  socket(dashboard: number, cookie: string): Client {
    const client: Client = io(this.baseOf(dashboard), {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      extraHeaders: { cookie },
    })
    this.clients.push(client)
    return client
  }

  /** Connected and resumed, with all that it was told of alarms since. */
  async screen(dashboard: number, cookie: string, cursor: number | null = null): Promise<Screen> {
    return Screen.open(this.socket(dashboard, cookie), cursor)
  }

  /** Journals as the owner of the device's partition. */
  async commit(
    settings: Omit<EntrySettings, 'siteId' | 'areaIds'>,
    batch: Partial<JournalBatch> = {},
  ): Promise<CommittedTransition> {
    const { deviceId = 'DEV-A' } = settings
    const entry = entryOf({ deviceId, at: Date.now(), ...settings, siteId: this.site.id, areaIds: this.site.areaIds })
    const journal = this.journals.get(partitionOf(deviceId)) as Journal
    const { committed } = await journal.append({ entries: [entry], states: [], checkpoint: null, ...batch })
    return committed[0] as CommittedTransition
  }

  /** What stands in the stream of a device's partition, opening marks left out. */
  async entries(deviceId: string): Promise<Placed[]> {
    const found = await this.connection.xrangeBuffer(streamOf(partitionOf(deviceId)), '-', '+')
    return found.flatMap(([id, fields]) => {
      let entry: StreamEntry
      try {
        entry = decodeEntry(fields)
      } catch {
        return []
      }
      return [{ position: positionOf(id.toString()), entry }]
    })
  }

  async stop(): Promise<void> {
    for (const client of this.clients.splice(0)) client.close()
    await Promise.all(this.dashboards.map((dashboard) => dashboard.stop()))
    await this.broker.stop()
    await this.ledger.stop()
    this.connection.disconnect()
    await Promise.all([this.postgres.dispose(), this.redis.dispose()])
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** A page as the feed sees it. */
export class Screen {
  readonly client: Client
  readonly answer: ResumeReply
  readonly seqs: number[] = []
  readonly gaps: string[] = []
  ended: string | null = null
  storing: boolean | null = null
  late = false
  heartbeats = 0
  private cursor: number

  private constructor(client: Client, answer: ResumeReply) {
    this.client = client
    this.answer = answer
    this.cursor = answer.head
    if (answer.mode === 'replay') this.seqs.push(...answer.events.map(({ seq }) => seq))
    client.on('alarm', ({ seq, prev }) => {
      if (prev !== this.cursor) this.gaps.push(`${prev} after ${this.cursor}`)
      this.cursor = seq
      this.seqs.push(seq)
    })
    client.on('heartbeat', ({ storing, readingsLate = false }) => {
      this.heartbeats += 1
      this.storing = storing
      this.late = readingsLate
    })
    client.on('disconnect', (reason) => (this.ended = reason))
  }

  static async open(client: Client, cursor: number | null): Promise<Screen> {
    await new Promise<void>((resolve, reject) => {
      client.once('hello', () => resolve())
      client.once('connect_error', reject)
    })
    const answer = await new Promise<ResumeReply | FeedRefusal>((resolve) =>
      client.emit('feed:resume', { cursor }, resolve),
    )
    if (!answer.ok) throw new Error(answer.message)
    return new Screen(client, answer)
  }
}
