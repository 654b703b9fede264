// A hub for the pages alone: the contract's routes and feed over an invented county, in this process, with faults on
// request. It keeps the same headers as the hub (the policy above all) and checks what it sends against the contract.
//
//   node test/dashboard/web/fake-hub.ts [--port 8099] [--alarms 12] [--devices 1200] [--long]   to look at it by hand
import Fastify from 'fastify'
import fastifyCookie from '@fastify/cookie'
import fastifyStatic from '@fastify/static'
import { Server } from 'socket.io'
import type { Socket } from 'socket.io'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Alarm, TransitionReason, TransitionType } from '../../../contract/alarms.ts'
import {
  FEED_PROTOCOL,
  HEARTBEAT_SECONDS,
  MAX_REPLAY,
  alarmEventSchema,
  resumeReplySchema,
} from '../../../contract/feed.ts'
import type { DownEvents, ResumeReply, UpEvents } from '../../../contract/feed.ts'
import type { ClusterFigures, SetAsideEntry } from '../../../contract/http/cluster-figures.ts'
import type { Bridge } from '../../../contract/http/bridges.ts'
import type { AlarmDetail } from '../../../contract/http/alarms.ts'
import type { Role } from '../../../contract/role-names.ts'
import { addApi } from './fake-api.ts'
import { addInventoryApi } from './fake-inventory-api.ts'
import { FakeJournal, sees } from './fake-journal.ts'
import type { Entry, Scope } from './fake-journal.ts'
import { addWallApi } from './fake-wall-api.ts'
import { SORTS, alarmOf, deviceFor, randomOf, worldOf } from './fake-world.ts'
import type { World } from './fake-world.ts'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..')
export const PASSWORD = 'correct horse'
const POLICY =
  "default-src 'self';img-src 'self' data: blob:;object-src 'none';base-uri 'none';form-action 'self';frame-ancestors 'none'"

export interface FakeUser {
  readonly id: string
  readonly username: string
  readonly name: string
  readonly role: Role
  readonly scope: Scope
  mustChange: boolean
}

export interface FakeHubOptions {
  readonly alarms?: number
  readonly devices?: number
  readonly sites?: number
  readonly longNames?: boolean
  readonly port?: number
  readonly webRoot?: string
  /** The hub's wall time, ms. */
  readonly now?: () => number
  /** How long a page believes in a connection on which it hears no ping, ms; the pings come at their true rate. */
  readonly pingTimeout?: number
}

interface Connection {
  readonly user: FakeUser
  /** Last sequence sent; null until it resumed. */
  cursor: number | null
  watched: readonly string[]
}

export class FakeHub {
  readonly journal = new FakeJournal()
  readonly world: World
  readonly users: FakeUser[]
  /** Sequences that pages said they painted. */
  readonly shown: number[] = []
  /** The same as the hub keeps it. */
  readonly evidence: AlarmDetail['shown'] = []
  readonly desks: unknown[] = []
  readonly signedIn = new Map<string, FakeUser>()
  url = ''
  /** What its heartbeats say. */
  storing = true
  readingsLate = false
  /** The store of the histories does not answer. */
  historyAway = false
  /** It is one: how it is, and what it set aside. */
  cluster: ClusterFigures | null = null
  setAside: readonly SetAsideEntry[] = []
  /** The counters cannot be read. */
  figuresFail = false
  /** External brokers that it reads. */
  bridges: readonly Bridge[] = []
  readonly now: () => number
  readonly #options: FakeHubOptions
  readonly #app = Fastify({ forceCloseConnections: true })
  readonly #connections = new Map<Socket<UpEvents, DownEvents>, Connection>()
  #io: Server<UpEvents, DownEvents> | null = null
  #refusing = false
  #heartbeats = true
  #losing = false
  readonly #timers: ReturnType<typeof setInterval>[] = []

  constructor(options: FakeHubOptions = {}) {
    this.#options = options
    this.now = options.now ?? Date.now
    const { devices = 120, sites = 40, longNames = false } = options
    this.world = worldOf({ devices, sites, longNames }, this.now())
    const own = new Set(['site-0', 'site-1'])
    this.users = [
      { id: 'u1', username: 'admin', name: '管理员', role: 'admin', scope: 'all', mustChange: false },
      {
        id: 'u2',
        username: 'duty',
        name: longNames ? '欧阳司徒上官慕容' : '周晓岚',
        role: 'duty',
        scope: 'all',
        mustChange: false,
      },
      { id: 'u3', username: 'manager', name: '王大姐', role: 'manager', scope: own, mustChange: false },
      { id: 'u4', username: 'new', name: '新来的', role: 'duty', scope: 'all', mustChange: true },
      { id: 'u6', username: 'landlord', name: '李阿姨', role: 'landlord', scope: own, mustChange: false },
      { id: 'u5', username: 'wall', name: '大屏', role: 'wall', scope: 'all', mustChange: false },
    ]
    this.#seed(options.alarms ?? 12)
  }

  async start(): Promise<void> {
    const app = this.#app
    app.addHook('onSend', async (_request, reply) => void reply.header('content-security-policy', POLICY))
    await app.register(fastifyCookie)
    addApi(app, this)
    addInventoryApi(app, this)
    addWallApi(app, this)
    const webRoot = this.#options.webRoot ?? join(ROOT, 'dashboard/web/dist')
    await app.register(fastifyStatic, { root: webRoot, index: false })
    app.setNotFoundHandler((request, reply) =>
      request.url.startsWith('/api/')
        ? reply.code(404).send({ error: { code: 'not_found', message: '没有找到' } })
        : reply.sendFile('index.html'),
    )
    const io = new Server<UpEvents, DownEvents>(app.server, { pingTimeout: this.#options.pingTimeout ?? 20_000 })
    this.#io = io
    io.use((socket, next) => {
      const session = /zhian=([^;]+)/.exec(socket.request.headers.cookie ?? '')?.[1] ?? ''
      const user = this.signedIn.get(session)
      if (this.#refusing) return next(new Error('unavailable'))
      if (user === undefined) return next(new Error('unauthorized'))
      this.#connections.set(socket, { user, cursor: null, watched: [] })
      next()
    })
    io.on('connection', (socket) => this.#serve(socket))
    this.#timers.push(
      setInterval(() => this.#beat(), HEARTBEAT_SECONDS * 1000),
      setInterval(() => this.#sendReadings(), 1000),
    )
    this.url = await app.listen({ port: this.#options.port ?? 0, host: '127.0.0.1' })
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await this.#io?.close()
    await this.#app.close()
  }

  /** A new alarm of a sort (index into SORTS), told to every page that may see it. */
  raise(
    sortIndex: number,
    options: { readonly nth?: number; readonly changes?: Partial<Alarm>; readonly at?: number } = {},
  ): Alarm {
    const at = options.at ?? this.now()
    const device = deviceFor(this.world, sortIndex, options.nth ?? this.journal.alarms.size)
    const what = SORTS[sortIndex] as (typeof SORTS)[number]
    const alarm = alarmOf(`a${this.journal.alarms.size + 1}`, 0, at, device, what, options.changes)
    const entry = this.journal.append(alarm, {
      at,
      type: 'raised',
      reason: alarm.reason,
      by: null,
      comment: null,
      receivedAt: this.now(),
    })
    this.#tell(entry)
    return entry.alarm
  }

  change(
    id: string,
    type: TransitionType,
    changes: Partial<Alarm>,
    why: { readonly reason?: TransitionReason; readonly by?: FakeUser; readonly comment?: string | null } = {},
  ): Alarm {
    const before = this.journal.alarms.get(id) as Alarm
    const reason = why.reason ?? 'human'
    const by = why.by === undefined ? null : { id: why.by.id, name: why.by.name }
    const receivedAt = by === null ? this.now() : null
    const entry = this.journal.append(
      { ...before, ...changes, reason },
      { at: this.now(), type, reason, by, comment: why.comment ?? null, receivedAt },
    )
    this.#tell(entry)
    return entry.alarm
  }

  /** Cuts every feed connection, and refuses new ones until `mend()`. */
  cut(): void {
    this.#refusing = true
    for (const socket of this.#connections.keys()) socket.conn.close()
  }
  /** Keeps the connections that are there, and refuses new ones until `mend()`. */
  cutOnReconnect(): void {
    this.#refusing = true
  }
  mend(): void {
    this.#refusing = false
  }
  /** Transitions go into the journal but not to the pages: what a lossy network would do. */
  loseEvents(losing: boolean): void {
    this.#losing = losing
  }
  /** The connection stays open, and nothing more is heard. */
  holdHeartbeats(hold: boolean): void {
    this.#heartbeats = !hold
  }
  /** Sends the newest transition of every page's scope again. */
  repeatLast(): void {
    const entry = this.journal.entries.at(-1)
    if (entry !== undefined)
      for (const socket of this.#connections.keys()) socket.emit('alarm', { ...entry, prev: entry.seq - 1 })
  }
  beatNow(): void {
    this.#beat()
  }

  #seed(count: number): void {
    const random = randomOf(11)
    const now = this.now()
    for (let index = 0; index < count; index += 1) {
      const roll = random()
      const sortIndex =
        index === 0
          ? 0
          : index === 1
            ? 1
            : roll < 0.02
              ? 5
              : roll < 0.14
                ? 1 + (index % 2)
                : roll < 0.7
                  ? ([3, 4, 6][index % 3] ?? 3)
                  : 7
      const at = now - Math.floor((1 - index / count) * 3 * 3_600_000) - 20_000
      const alarm = this.raise(sortIndex, { nth: index, at })
      if (index % 3 === 2 && alarm.priority < 4)
        this.change(alarm.id, 'acknowledged', {
          ack: { by: { id: 'u2', name: '周晓岚' }, at: at + 40_000, reason: 'calling', comment: null },
        })
      if (index % 7 === 4)
        this.change(
          alarm.id,
          'returned',
          { condition: alarm.latched ? 'latched' : 'normal', clearedAt: at + 90_000 },
          { reason: 'off_delay_elapsed' },
        )
      if (index % 11 === 9) this.change(alarm.id, 'frozen', { condition: 'frozen' }, { reason: 'device_silent' })
    }
  }

  #serve(socket: Socket<UpEvents, DownEvents>): void {
    const connection = this.#connections.get(socket)
    if (connection === undefined) return
    const { user } = connection
    socket.on('disconnect', () => this.#connections.delete(socket))
    socket.emit('hello', {
      protocol: FEED_PROTOCOL,
      serverTime: this.now(),
      head: this.journal.headOf(user.scope),
      ledger: 'fake',
      user: { id: user.id, name: user.name, role: user.role },
    })
    socket.on('feed:resume', ({ cursor }, reply) => {
      const answer = this.#resume(user.scope, cursor)
      connection.cursor = answer.head
      reply(resumeReplySchema.parse(answer))
    })
    socket.on('alarm:shown', ({ seqs }) => {
      this.shown.push(...seqs)
      const { id, name } = user
      for (const seq of seqs)
        if (!this.evidence.some((one) => one.seq === seq && one.user.id === id))
          this.evidence.push({ seq, at: this.now(), user: { id, name } })
    })
    socket.on('desk', (desk) => this.desks.push(desk))
    socket.on('readings:watch', ({ deviceIds }) => (connection.watched = deviceIds))
  }

  #resume(scope: Scope, cursor: number | null): ResumeReply {
    const head = this.journal.headOf(scope)
    if (cursor !== null && cursor <= head) {
      const events = this.journal.after(scope, cursor)
      if (events.length <= MAX_REPLAY) return { ok: true, mode: 'replay', events, head: events.at(-1)?.seq ?? cursor }
    }
    return { ok: true, mode: 'snapshot', alarms: this.journal.open(scope), head }
  }

  #tell(entry: Entry): void {
    for (const [socket, connection] of this.#connections) {
      if (connection.cursor === null || !sees(connection.user.scope, entry.alarm)) continue
      const event = alarmEventSchema.parse({ ...entry, prev: connection.cursor })
      connection.cursor = entry.seq
      if (!this.#losing) socket.emit('alarm', event)
    }
  }

  #beat(): void {
    if (!this.#heartbeats) return
    const { storing, readingsLate } = this
    for (const [socket, { user }] of this.#connections)
      socket.emit('heartbeat', { serverTime: this.now(), head: this.journal.headOf(user.scope), storing, readingsLate })
  }

  #sendReadings(): void {
    const speaks = (id: string) => this.world.devices.some((device) => device.id === id && device.online)
    for (const [socket, { watched }] of this.#connections) {
      const heard = watched.filter(speaks)
      if (heard.length === 0) continue
      const ts = this.now()
      socket.emit(
        'readings',
        heard.map((deviceId) => ({
          deviceId,
          ts,
          values: { residual_current: 20 + (ts % 7000) / 1000, gas_lel: (ts % 3000) / 1000 },
        })),
      )
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8099' },
      alarms: { type: 'string', default: '12' },
      devices: { type: 'string', default: '1200' },
      long: { type: 'boolean', default: false },
    },
  })
  const hub = new FakeHub({
    port: Number(values.port),
    alarms: Number(values.alarms),
    devices: Number(values.devices),
    sites: 300,
    longNames: values.long,
  })
  await hub.start()
  process.stdout.write(`${hub.url}  admin · duty · manager · new  password: ${PASSWORD}\n`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void hub.stop().then(() => process.exit(0)))
}
