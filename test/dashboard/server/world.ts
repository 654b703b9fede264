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
import { SmallCounty } from './small-county.ts'

export { CONSOLE, PASSWORD } from './small-county.ts'
export type { Answer, CallOptions } from './small-county.ts'

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

export type Client = Socket<DownEvents, UpEvents>

export class World extends SmallCounty {
  readonly directory: string
  ledger: Ledger
  readonly source = new FakeSource()
  readonly metrics = new Metrics()
  readonly acts: { act: Act; address: string }[] = []
  readonly armed: number[] = []
  readonly online = new Set<string>()
  /** The newest of every device, mA. */
  residualCurrent = 12.5
  refusal: ActRefusal | null = null
  readonly commands: CommandRequest[] = []
  commandRefusal: CommandRefusal | null = null
  ready = true
  clock: (() => number) | undefined
  readonly log: { line: string; fields: object }[] = []
  base = ''
  port = 0
  dashboard: Dashboard | undefined
  private seriesAsked: (() => void) | null = null
  private readonly clients: Client[] = []

  constructor() {
    super()
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

  /** As `settle` makes it, served. */
  static async start(options: Partial<DashboardOptions> = {}): Promise<World> {
    const world = new World()
    await world.ledger.start()
    await world.settle()
    await world.serve(options)
    return world
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
        latest: async () => [{ metric: 'residual_current', value: this.residualCurrent, ts: 1_795_000_000_000 }],
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

  /** Called when a series is asked for, which then takes a while to answer. */
  onSeries(asked: () => void): void {
    this.seriesAsked = asked
  }

  override async commit(...entries: JournalEntry[]): Promise<CommittedTransition[]> {
    const committed = await super.commit(...entries)
    this.source.tell(committed)
    return committed
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
