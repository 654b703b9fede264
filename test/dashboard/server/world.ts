// A small county behind a real dashboard: a real ledger in a temporary directory, and stand-ins for what ingest does.
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Registry as Metrics } from 'prom-client'
import { io } from 'socket.io-client'
import type { ManagerOptions, Socket, SocketOptions } from 'socket.io-client'
import { expect } from 'vitest'
import type { Act, ActRefusal } from '../../../contract/alarms.ts'
import type { Bridge } from '../../../contract/http/bridges.ts'
import type { Command, CommandRefusal } from '../../../contract/http/commands.ts'
import type { DownEvents, FeedRefusal, ResumeReply, UpEvents } from '../../../contract/feed.ts'
import type { Role } from '../../../contract/role-names.ts'
import { hashPassword } from '../../../dashboard/server/auth/passwords.ts'
import { createDashboard } from '../../../dashboard/server/dashboard.ts'
import type { Dashboard } from '../../../dashboard/server/dashboard.ts'
import type { DashboardOptions } from '../../../dashboard/server/options.ts'
import type {
  ActOutcome,
  CommandOutcome,
  CommandRequest,
  LiveCommand,
  LivePresence,
  LiveReading,
  Ports,
} from '../../../dashboard/server/ports.ts'
import type { CommittedTransition, JournalEntry, Ledger } from '../../../records/ledger.ts'
import { DEFAULT_RULES } from '../../../hub/rules.ts'
import { Tally } from '../../../dashboard/server/tally.ts'
import type { PlaceOfThing } from '../../../records/scope.ts'
import { createLedger } from '../../../records/sqlite-ledger.ts'
import { entryOf } from '../../records/entries.ts'
import { PICTURE } from './example-requests.ts'

export const PASSWORD = 'correct horse battery'
export const CONSOLE = { userId: 'console', name: 'console', address: 'console' }

/** One external broker that is away. */
const BRIDGE: Bridge = {
  name: 'gas-company',
  url: 'mqtts://mqtt.example.cn:8883',
  state: 'away',
  since: 1_795_000_000_000,
  connections: { open: 0, of: 1 },
  problem: { reason: 'unreachable', detail: 'connect ECONNREFUSED' },
  received: 12,
  taken: 9,
  refused: { unregistered_device: 3 },
  waiting: 0,
  failed: 0,
  lastMessageAt: 1_795_000_000_000,
  sessionsLost: 0,
  unordered: false,
}

type Listener<T> = (value: T) => void

/** The feed source, with the faults a notice can have: not sent at all, or sent late. */
export class FakeSource {
  readonly transitions = new Set<Listener<readonly CommittedTransition[]>>()
  readonly presences = new Set<Listener<LivePresence>>()
  readonly readings = new Set<Listener<LiveReading>>()
  readonly storings = new Set<Listener<boolean>>()
  readonly commands = new Set<Listener<LiveCommand>>()
  readonly watched = new Set<string>()
  readonly port = {
    onTransitions: (listener: Listener<readonly CommittedTransition[]>) => added(this.transitions, listener),
    onPresence: (listener: Listener<LivePresence>) => added(this.presences, listener),
    onReading: (listener: Listener<LiveReading>) => added(this.readings, listener),
    onCommand: (listener: Listener<LiveCommand>) => added(this.commands, listener),
    watch: (deviceId: string, watched: boolean) =>
      void (watched ? this.watched.add(deviceId) : this.watched.delete(deviceId)),
    isStoring: true,
    readingsLate: false,
    onStoring: (listener: Listener<boolean>) => added(this.storings, listener),
  }

  tell(committed: readonly CommittedTransition[]): void {
    for (const listener of this.transitions) listener(committed)
  }
}

function added<T>(set: Set<T>, one: T): () => void {
  set.add(one)
  return () => set.delete(one)
}

export interface Answer<T = Record<string, unknown>> {
  readonly status: number
  readonly body: T
  readonly headers: Headers
}

export interface CallOptions {
  /** A cookie (`zhian=…`) or `Bearer …`; none: not signed in. */
  readonly as?: string | undefined
  /** A string goes as CSV, bytes as they are, everything else as JSON. */
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

export type Client = Socket<DownEvents, UpEvents>

export class World {
  readonly directory: string
  ledger: Ledger
  readonly source = new FakeSource()
  readonly metrics = new Metrics()
  readonly acts: { act: Act; address: string }[] = []
  readonly armed: number[] = []
  readonly online = new Set<string>()
  refusal: ActRefusal | null = null
  readonly commands: CommandRequest[] = []
  commandRefusal: CommandRefusal | null = null
  ready = true
  clock: (() => number) | undefined
  readonly log: { line: string; fields: object }[] = []
  base = ''
  port = 0
  dashboard: Dashboard | undefined
  readonly sites = { a: '', b: '' }
  /** The innermost area of site b. */
  areaB = ''
  readonly areaIds = { a: [] as string[], b: [] as string[] }
  readonly users: Record<string, string> = {}
  readonly alarms = { a: '', b: '', hub: '' }
  readonly inspections = { a: '', b: '', hub: 'nowhere' }
  /** Of each site one room, with somebody in it, and one floor plan. */
  readonly rooms = { a: '', b: '', hub: 'nowhere' }
  readonly leases = { a: '', b: '', hub: 'nowhere' }
  readonly plans = { a: '', b: '', hub: 'nowhere' }
  /** A photograph of each device. */
  readonly files = { a: '', b: '', hub: '' }
  private seriesAsked: (() => void) | null = null
  private readonly clients: Client[] = []
  private readonly cookies = new Map<string, string>()

  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'zhian-dashboard-'))
    this.ledger = this.openLedger()
  }

  /** The same directory as after a restart. */
  reopen(): void {
    this.ledger = this.openLedger()
  }

  private openLedger(): Ledger {
    return createLedger({
      directory: this.directory,
      defaultRules: DEFAULT_RULES,
      now: () => this.clock?.() ?? Date.now(),
      hashDeviceToken: (token, key) => createHmac('sha256', key).update(token).digest('hex'),
    })
  }

  /**
   * A user for each role, named for it: manager and landlord with site a, town with the town of site a, grid and warden (a
   * manager) with the area of site b, installer with site b; devices DEV-A, DEV-B, DEV-NOWHERE.
   */
  static async start(options: Partial<DashboardOptions> = {}): Promise<World> {
    const world = new World()
    await world.ledger.start()
    await world.settle()
    await world.serve(options)
    return world
  }

  async settle(): Promise<void> {
    const { places, devices } = this.ledger
    const contacts = [{ name: '房东甲', phone: '13800000001', role: '房东' }]
    const a = await places.createSite(CONSOLE, { name: '槐荫 12 号', area: '示范县/青禾街道/槐荫社区', contacts })
    const b = await places.createSite(CONSOLE, { name: '东村 3 号', area: '示范县/云溪镇/东村' })
    Object.assign(this.sites, { a: a.id, b: b.id })
    for (const place of ['a', 'b'] as const) {
      const found = { kind: 'routine', result: 'hazard', text: '插座老化', deadline: null, rechecks: null } as const
      this.inspections[place] = (await this.ledger.inspections.create(CONSOLE, this.sites[place], found)).id
    }
    for (const place of ['a', 'b'] as const) await this.letRoom(place)
    this.areaB = b.areaId
    await devices.create(CONSOLE, { id: 'DEV-A', kind: 'electricity', name: '总进线', siteId: a.id })
    await devices.create(CONSOLE, { id: 'DEV-B', kind: 'gas', name: '厨房', siteId: b.id })
    await devices.create(CONSOLE, { id: 'DEV-NOWHERE', kind: 'smoke', name: '库房' })
    for (const [key, id] of [
      ['a', 'DEV-A'],
      ['b', 'DEV-B'],
    ] as const)
      this.areaIds[key] = [...((await devices.identity(id))?.areaIds ?? [])]
    for (const [place, device] of [
      ['a', 'DEV-A'],
      ['b', 'DEV-B'],
      ['hub', 'DEV-NOWHERE'],
    ] as const) {
      const file = { subject: `device:${device}`, name: '现场.png', type: 'image/png', content: PICTURE } as const
      this.files[place] = (await this.ledger.files.add(CONSOLE, file)).id
    }
    await this.addUser('admin', 'admin')
    await this.addUser('duty', 'duty')
    await this.addUser('manager', 'manager', { sites: [a.id] })
    await this.addUser('warden', 'manager', { areas: [b.areaId] })
    await this.addUser('leader', 'leader')
    await this.addUser('town', 'town', { areas: [this.areaIds.a.at(-2) as string] })
    await this.addUser('grid', 'grid', { areas: [b.areaId] })
    await this.addUser('landlord', 'landlord', { sites: [a.id] })
    await this.addUser('installer', 'installer', { sites: [b.id] })
    await this.addUser('auditor', 'auditor')
    await this.addUser('wall', 'wall')
  }

  /** Room 101 of a site, let to somebody whose names and numbers differ by site. */
  private async letRoom(place: 'a' | 'b'): Promise<void> {
    const { rooms, leases, files, plans } = this.ledger
    const siteId = this.sites[place]
    const room = await rooms.create(CONSOLE, siteId, { building: '', floor: 1, name: '101' })
    const tenant = { name: `租客${place}`, phone: place === 'a' ? '13955550001' : '13955550002', people: 2 }
    const lease = await leases.moveIn(CONSOLE, room.id, { tenant, from: '2026-11-01', until: null, landlord: null })
    const content = Buffer.from('plan')
    const picture = await files.add(CONSOLE, { subject: `site:${siteId}`, name: 'p.png', type: 'image/png', content })
    const plan = await plans.create(CONSOLE, siteId, { name: '一层', fileId: picture.id })
    this.rooms[place] = room.id
    this.leases[place] = lease.id
    this.plans[place] = plan.id
  }

  async addUser(
    username: string,
    role: Role,
    scope: { sites?: string[]; areas?: string[]; mustChange?: boolean } = {},
  ) {
    const passwordHash = await hashed()
    const user = await this.ledger.users.create(CONSOLE, {
      username,
      name: `${username} 某`,
      role,
      passwordHash,
      mustChange: scope.mustChange ?? false,
      sites: scope.sites,
      areas: scope.areas,
    })
    this.users[username] = user.id
    return user
  }

  async serve(options: Partial<DashboardOptions> = {}, ports: Ports = this.ports()): Promise<void> {
    this.dashboard = createDashboard(this.options(options), ports)
    const { port } = await this.dashboard.start()
    this.port = port
    this.base = `http://127.0.0.1:${port}`
  }

  options(options: Partial<DashboardOptions> = {}): DashboardOptions {
    const say = (fields: object, line: string) => void this.log.push({ line, fields })
    return {
      host: '127.0.0.1',
      port: 0,
      trustedProxies: [],
      webRoot: null,
      setupCode: null,
      version: '0.0.0-test',
      metrics: new Metrics(),
      log: { info: say, warn: say, error: say },
      now: () => this.clock?.() ?? Date.now(),
      rhythm: { heartbeat: 150, sweep: 50, viewers: 100 },
      ...options,
    }
  }

  private tally(within: (place: PlaceOfThing) => boolean): ReturnType<Ports['presence']['tally']> {
    const places = { 'DEV-A': 'a', 'DEV-B': 'b', 'DEV-NOWHERE': null } as const
    const tally = new Tally(within)
    for (const [id, key] of Object.entries(places)) {
      const place =
        key === null ? { siteId: null, areaIds: [] } : { siteId: this.sites[key], areaIds: this.areaIds[key] }
      tally.add(place, this.online.has(id), true)
    }
    return tally
  }

  ports(): Ports {
    const { ledger } = this
    return {
      records: ledger,
      registry: { ...ledger, importPlaces: (actor, plan, how) => ledger.placesImport.run(actor, plan, how) },
      acts: { submit: (act, address) => this.submit(act, address) },
      commands: { request: (_actor, request) => this.request(request) },
      feed: this.source.port,
      presence: {
        of: (id) => ({ online: this.online.has(id), lastHeardAt: this.online.has(id) ? 1_795_000_000_000 : null }),
        online: () => [...this.online],
        tally: (within) => this.tally(within),
      },
      readings: {
        series: async ({ from }) => {
          this.seriesAsked?.()
          await new Promise((resolve) => setTimeout(resolve, this.seriesAsked === null ? 0 : 100))
          return [{ t: from, min: 1, mean: 2, max: 3, last: 2.5, count: 4 }]
        },
        counter: async ({ from, to }) => ({
          first: { ts: from, value: 100 },
          last: { ts: to - 1, value: 112.5 },
          consumed: 12.5,
          falls: 0,
          days: [],
        }),
        latest: async () => [{ metric: 'residual_current', value: 12.5, ts: 1_795_000_000_000 }],
        events: async ({ to, limit }) =>
          [{ type: 'event' as const, ts: to - 1, receivedAt: to, name: 'tamper', data: {} }].slice(0, limit),
      },
      counters: {
        read: async () => ({
          received: 10,
          stored: 8,
          rejected: 2,
          byReason: { not_json: 2 },
          refused: {},
          startedAt: 1_795_000_000_000,
          backlog: { batches: 0, messages: 0, points: 0 },
          rejecting: [],
          commits: { count: 0, of: 0, p50: null, p99: null, last: null },
          mqttConnections: 0,
          disk: null,
          backup: { last: null, failure: null },
          cluster: null,
        }),
        ofDevice: async (id) =>
          id === 'DEV-NOWHERE'
            ? null
            : { since: 1_795_000_000_000, messages: 3, received: 5, stored: 4, rejected: 1, byReason: { not_json: 1 } },
      },
      push: { publicKey: 'BA', accepts: (endpoint) => !endpoint.includes('127.0.0.1'), trial: async () => 1 },
      desks: { armed: (desks) => void this.armed.push(desks) },
      mqtt: { ports: () => ({ port: 1884, tlsPort: null }) },
      bridges: { read: async () => [BRIDGE] },
      health: { ready: async () => ({ ok: this.ready, parts: { store: this.ready } }) },
    }
  }

  private async submit(act: Act, address: string): Promise<ActOutcome> {
    this.acts.push({ act, address })
    if (this.refusal !== null) return { ok: false, refusal: this.refusal }
    const [committed] = await this.commit(
      this.entry({
        alarmId: act.alarmId,
        place: 'a',
        type: act.name === 'ack' ? 'acknowledged' : 'commented',
        by: act.by,
      }),
    )
    return { ok: true, transition: (committed as CommittedTransition).transition }
  }

  private async request(request: CommandRequest): Promise<CommandOutcome> {
    this.commands.push(request)
    const { commandRefusal: refusal } = this
    return refusal === null ? { ok: true, command: commandOf(request) } : { ok: false, refusal, wrongArgs: [] }
  }

  entry({
    place,
    ...settings
  }: { place: 'a' | 'b' | 'hub' } & Omit<Parameters<typeof entryOf>[0], 'siteId' | 'areaIds'>): JournalEntry {
    const at = place === 'hub' ? {} : { siteId: this.sites[place], areaIds: this.areaIds[place] }
    return entryOf({ deviceId: place === 'hub' ? 'hub' : place === 'a' ? 'DEV-A' : 'DEV-B', ...settings, ...at })
  }

  /** Called when a series is asked for, which then takes a while to answer. */
  onSeries(asked: () => void): void {
    this.seriesAsked = asked
  }

  /** Journals; tells the feed unless told not to. */
  async commit(...entries: JournalEntry[]): Promise<CommittedTransition[]> {
    const { committed } = await this.ledger.journal.append({ entries, states: [], checkpoint: null })
    this.source.tell(committed)
    return committed
  }

  /** One open alarm at site a, one at site b, one of the hub itself. */
  async raiseThree(): Promise<void> {
    for (const place of ['a', 'b', 'hub'] as const) {
      const alarmId = `alarm-${place}`
      await this.commit(this.entry({ alarmId, place }))
      this.alarms[place] = alarmId
    }
  }

  async call<T = Record<string, unknown>>(method: string, path: string, options: CallOptions = {}): Promise<Answer<T>> {
    const { as, body, headers = {} } = options
    const [type, sent] =
      typeof body === 'string'
        ? ['text/csv', body]
        : body instanceof Uint8Array
          ? ['application/octet-stream', new Uint8Array(body)]
          : ['application/json', JSON.stringify(body)]
    const response = await fetch(
      `${this.base}${path.startsWith('/api') || !path.startsWith('/') ? path : `/api/v1${path}`}`,
      {
        method,
        headers: {
          ...(as === undefined ? {} : as.startsWith('Bearer ') ? { authorization: as } : { cookie: as }),
          ...(body === undefined ? {} : { 'content-type': type }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: sent }),
      },
    )
    const text = await response.text()
    const json = (response.headers.get('content-type') ?? '').includes('json')
    return { status: response.status, body: (json ? JSON.parse(text) : text) as T, headers: response.headers }
  }

  /** A cookie of a signed-in user; made by the ledger, so that only the tests of sign-in pay for a password hash. */
  async as(username: string): Promise<string> {
    const known = this.cookies.get(username)
    if (known !== undefined) return known
    const cookie = await this.newSession(username)
    this.cookies.set(username, cookie)
    return cookie
  }

  async newSession(username: string): Promise<string> {
    const actor = { userId: this.users[username] as string, name: username, address: '127.0.0.1' }
    return `zhian=${await this.ledger.sessions.begin(actor, Date.now() + 30 * 86_400_000)}`
  }

  /** A feed socket, not yet resumed. */
  socket(cookie: string | undefined, options: Partial<ManagerOptions & SocketOptions> = {}): Client {
    const client: Client = io(this.base, {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      ...(cookie === undefined ? {} : { extraHeaders: { cookie } }),
      ...options,
    })
    this.clients.push(client)
    return client
  }

  async stopServing(): Promise<void> {
    for (const client of this.clients.splice(0)) client.close()
    await this.dashboard?.stop()
  }

  async stop(): Promise<void> {
    await this.stopServing()
    await this.ledger.stop()
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** One that is on its way. */
export const commandOf = (request: Partial<CommandRequest> = {}): Command => ({
  id: 'command-1',
  deviceId: 'DEV-A',
  name: 'self_test',
  args: {},
  state: 'sent',
  requestedAt: 1_795_000_000_000,
  sentAt: 1_795_000_000_001,
  deliveredAt: null,
  repliedAt: null,
  seenAt: null,
  endedAt: null,
  expires: 1_795_000_060_000,
  by: { id: 'someone', name: '某' },
  reason: '例行',
  ending: null,
  result: null,
  error: null,
  effect: null,
  ...request,
})

let hash: Promise<string> | undefined
const hashed = (): Promise<string> => (hash ??= hashPassword(PASSWORD))

/** Resolves with the first event of that name; rejects if the socket ends before. */
export function next<E extends keyof DownEvents>(client: Client, event: E): Promise<Parameters<DownEvents[E]>[0]> {
  return new Promise((resolve, reject) => {
    const listen = client as unknown as { once(name: string, listener: (value: never) => void): void }
    listen.once(event, (value) => resolve(value))
    client.once('connect_error', reject)
    client.once('disconnect', (reason) => reject(new Error(`disconnected: ${reason}`)))
  })
}

export const resume = (client: Client, cursor: number | null): Promise<ResumeReply | FeedRefusal> =>
  new Promise((resolve) => client.emit('feed:resume', { cursor }, resolve))

/** Connects and resumes; the client is live when it resolves. */
export async function live(world: World, cookie: string, cursor: number | null = null) {
  const client = world.socket(cookie)
  const hello = await next(client, 'hello')
  const answer = await resume(client, cursor)
  expect(answer.ok).toBe(true)
  return { client, hello, answer: answer as ResumeReply }
}

/** Waits until it holds; the test's own timeout is the only clock. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10))
}
