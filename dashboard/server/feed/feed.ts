// The live feed: Socket.IO beneath, and above it the promise that no screen misses a transition (G3) or sees one that is not
// its own (G9). Transitions come from `Commits`; each connection's place among them is its `Line`.
import { Server } from 'socket.io'
import type { Server as HttpServer } from 'node:http'
import { FEED_PROTOCOL } from '../../../contract/feed.ts'
import type { CommittedTransition } from '../../../records/ledger.ts'
import type { Principals } from '../auth/principal.ts'
import type { DashboardMetrics } from '../metrics.ts'
import type { LogSink, Rhythm } from '../options.ts'
import type { AccessChange, Ports } from '../ports.ts'
import { Audience } from './audience.ts'
import { cut } from './backlog.ts'
import { Commits } from './commits.ts'
import { Connection } from './connection.ts'
import type { CutReason, FeedServer, FeedSocket } from './connection.ts'
import { DeskBoard } from './desk-board.ts'
import { DOWN_ACCESS, UP_ACCESS, declareEvents } from './events.ts'
import { fanOut } from './fan-out.ts'
import { admitRequest, admitUsers, tooMany } from './handshake.ts'
import type { HandshakeOptions } from './handshake.ts'
import { LiveCommands } from './live-commands.ts'
import { LivePresences } from './live-presence.ts'
import { LiveReadings } from './live-readings.ts'
import { LiveViewers } from './live-viewers.ts'
import { ScopeMarks } from './scope-marks.ts'
import { ShownLog } from './shown-log.ts'
import { ShownLatency } from './shown.ts'
import { receiver } from './receive.ts'

/** How long a heartbeat waits for a transition that the ledger has and the feed has not, before it is fetched, ms. */
const HEAD_PATIENCE = 500
/** Largest event a page may send, bytes; 500 device ids of 64 characters would be twice that, and no page watches so many. */
const MAX_EVENT_BYTES = 16 * 1024

export interface FeedOptions extends Pick<HandshakeOptions, 'trusted' | 'origins' | 'parseCookie'> {
  readonly server: HttpServer
  readonly ports: Ports
  readonly principals: Principals
  readonly metrics: DashboardMetrics
  readonly log: LogSink
  readonly now: () => number
  readonly rhythm: Rhythm
}

export class Feed {
  readonly #options: FeedOptions
  readonly #io: FeedServer
  readonly #audience = new Audience()
  readonly #desks = new DeskBoard()
  readonly #readings: LiveReadings
  readonly #presences: LivePresences
  readonly #commandNews: LiveCommands
  readonly #viewers: LiveViewers
  readonly #shown: ShownLatency
  readonly #shownLog: ShownLog
  readonly #commits: Commits
  readonly #marks: ScopeMarks
  #ends: (() => void)[] = []
  #beating = false

  /** Takes the path `/socket.io` of the server; inert until `start`. */
  constructor(options: FeedOptions) {
    this.#options = options
    const { ports, metrics, log, server } = options
    declareEvents(UP_ACCESS)
    declareEvents(DOWN_ACCESS)
    const handshake: HandshakeOptions = {
      ...options,
      audience: this.#audience,
      refused: (reason) => metrics.refusedHandshakes.inc({ reason }),
    }
    this.#io = new Server(server, {
      serveClient: false,
      allowEIO3: false,
      perMessageDeflate: false,
      httpCompression: false,
      maxHttpBufferSize: MAX_EVENT_BYTES,
      connectTimeout: 10_000,
      pingInterval: 10_000,
      pingTimeout: 15_000,
      allowRequest: admitRequest(handshake, () => this.#io.engine.clientsCount),
    })
    this.#readings = new LiveReadings((deviceId, watched) => ports.feed.watch(deviceId, watched))
    this.#presences = new LivePresences(this.#io, this.#audience)
    this.#commandNews = new LiveCommands(this.#io, this.#audience)
    this.#viewers = new LiveViewers(this.#io, this.#audience, ports.records.alarms, ports.peers)
    this.#shown = new ShownLatency(metrics)
    this.#shownLog = new ShownLog(ports.records.shown, log)
    this.#marks = new ScopeMarks(ports.records)
    this.#commits = new Commits(
      ports.records.journal,
      (committed) => this.#deliver(committed),
      (transitions) => metrics.healed.inc(transitions),
      log,
    )
    admitUsers(this.#io, handshake)
    this.#io.on('connection', (socket) => this.#connected(socket))
  }

  async start(): Promise<void> {
    const { ports, rhythm, now } = this.#options
    const { feed, peers } = ports
    this.#ends.push(
      feed.onTransitions((committed) => this.#commits.heard(committed)),
      feed.onPresence((presence) => this.#safely(() => this.#presences.heard(presence))),
      feed.onReading((reading) => this.#safely(() => this.#readings.heard(reading))),
      feed.onCommand((live) => this.#safely(() => this.#commandNews.heard(live))),
      feed.onStoring(() => void this.#heartbeat()),
      ...(peers === undefined
        ? []
        : [
            peers.onAccess((change) => this.#safely(() => this.#accessChanged(change))),
            peers.onViewing((page, viewing) => this.#safely(() => this.#viewers.elsewhere(page, viewing, now()))),
          ]),
    )
    await this.#commits.start()
    this.#options.metrics.told.set(this.#commits.told)
    const every = (ms: number, work: () => void) => {
      const timer = setInterval(() => this.#safely(work), ms)
      this.#ends.push(() => clearInterval(timer))
    }
    every(rhythm.heartbeat, () => void this.#heartbeat())
    every(rhythm.readings, () => this.#readings.flush())
    every(rhythm.presence, () => this.#presences.flush())
    every(rhythm.viewers, () => this.#viewers.flush(this.#options.now()))
    every(rhythm.sweep, () => this.#sweep())
  }

  async stop(): Promise<void> {
    for (const end of this.#ends.splice(0)) end()
    this.#commits.stop()
    for (const connection of this.#audience.all()) connection.socket.conn.close()
    this.#io.engine.close()
    await this.#shownLog.stop()
  }

  // ---- What the routes tell -------------------------------------------------------------------------------------

  async userChanged(userId: string): Promise<void> {
    await Promise.all(this.#audience.ofUser(userId).map((connection) => this.recheck(connection)))
  }

  async changingScope<T>(
    whose: { readonly userId: string } | 'everyone_with_places',
    change: () => Promise<T>,
  ): Promise<T> {
    const result = await this.#marks.around(whose, change)
    if (whose === 'everyone_with_places') this.#placesChanged()
    return result
  }

  /**
   * Who may see an alarm where it is now hears of its move; who had it where it was would keep it for ever, and begins anew. For a
   * page that came between the change of the place and the alarm's own step.
   */
  #alarmsMoved(): void {
    this.#marks
      // Cut while the mark stands above everything: no cursor that they have by then is good afterwards.
      .around('everyone_with_places', async () => this.#placesChanged())
      .catch((error: unknown) =>
        this.#options.log.error({ err: error }, 'pages could not begin anew after alarms had moved'),
      )
  }

  #placesChanged(): void {
    for (const connection of this.#audience.all())
      if (!connection.principal.scope.all) this.cut(connection, 'scope_changed')
  }

  /** On another dashboard, or on this one: then it has been seen to already, and costs a look. */
  #accessChanged(change: AccessChange): void {
    if (change.what === 'places') return this.#placesChanged()
    for (const connection of this.#audience.all()) {
      const concerned =
        change.what === 'user'
          ? connection.principal.userId === change.userId
          : change.what === 'session'
            ? connection.sessionId === change.id
            : connection.sessionId === null
      if (concerned) void this.recheck(connection)
    }
  }

  // ---- Connections ----------------------------------------------------------------------------------------------

  #connected(socket: FeedSocket): void {
    const { admitted } = socket.data
    const { now, metrics, ports, log } = this.#options
    if (admitted === undefined) return void socket.disconnect(true)
    const connection: Connection = new Connection(socket, admitted, now(), () =>
      // Not in the middle of a broadcast that is iterating over the sockets.
      queueMicrotask(() => this.cut(connection, 'too_slow')),
    )
    // Several may have signed in while none of them was counted yet.
    if (tooMany(this.#audience, admitted)) return this.cut(connection, 'too_many_sockets')
    this.#audience.add(connection)
    this.#postpone(connection)
    metrics.sockets.set(this.#audience.size)
    const receive = receiver({
      connection,
      ports,
      log,
      now,
      metrics,
      marks: this.#marks,
      readings: this.#readings,
      shown: this.#shown,
      shownLog: this.#shownLog,
      viewers: this.#viewers,
      recheck: () => this.recheck(connection),
      cut: (reason) => this.cut(connection, reason),
      desk: (desk) => {
        // A town's horn is no county desk: `hub.no_desk` is about those who see everything.
        if (connection.principal.scope.all) this.#desks.report(socket.id, desk, now())
        this.#reportDesks()
      },
    })
    socket.onAny((name: string, ...args: unknown[]) => void receive(name, args))
    socket.on('disconnect', () => this.#gone(connection))
    void this.#hello(connection)
  }

  async #hello(connection: Connection): Promise<void> {
    const { principal, socket } = connection
    try {
      const { journal } = this.#options.ports.records
      const [head, ledger] = await Promise.all([journal.headInScope(principal.scope), journal.incarnation()])
      socket.emit('hello', {
        protocol: FEED_PROTOCOL,
        serverTime: this.#options.now(),
        head,
        ledger,
        user: { id: principal.userId, name: principal.name, role: principal.role },
      })
    } catch (error) {
      this.#options.log.error({ err: error }, 'cannot read the head of the ledger for a new feed connection')
      socket.conn.close()
    }
  }

  #gone(connection: Connection): void {
    this.#audience.remove(connection)
    this.#readings.forget(connection)
    this.#desks.gone(connection.socket.id)
    this.#viewers.gone(connection)
    this.#options.metrics.sockets.set(this.#audience.size)
    this.#reportDesks()
  }

  /** Ends a connection; from this call on it is sent nothing. */
  cut(connection: Connection, reason: CutReason): void {
    this.#options.metrics.disconnects.inc({ reason })
    this.#gone(connection)
    const { socket } = connection
    // `disconnect` tells the page not to come back by itself; the others come back and resume.
    if (reason === 'too_slow' || reason === 'held_too_long') cut(socket.conn)
    else if (reason === 'scope_changed') socket.conn.close()
    else socket.disconnect(true)
  }

  /** Who this is by now, from the ledger; null if the connection has ended, or had to be. */
  async recheck(connection: Connection): Promise<Connection['principal'] | null> {
    const { log, principals } = this.#options
    const before = connection.principal
    this.#postpone(connection)
    let principal: Connection['principal'] | null
    try {
      principal = await principals.resolve(before.credential, 'feed')
    } catch (error) {
      // The ledger is not to be read at the moment: that is no reason to darken a screen.
      log.warn({ err: error }, 'cannot check a session of the feed')
      return before
    }
    if (!connection.socket.connected) return null
    if (principal === null) this.cut(connection, 'session_ended')
    else if (principal.scopeKey !== before.scopeKey || principal.role !== before.role)
      this.cut(connection, 'scope_changed')
    else {
      connection.principal = principal
      return principal
    }
    return null
  }

  /** Sessions whose end comes by the clock, and those not looked at for a while. */
  #sweep(): void {
    const now = this.#options.now()
    const due = performance.now()
    for (const connection of this.#audience.all())
      if (connection.principal.checkAt <= now || connection.recheckAt <= due) void this.recheck(connection)
  }

  /** Spread over the second half of the interval: what connected together is not checked together. */
  #postpone(connection: Connection): void {
    connection.recheckAt = performance.now() + this.#options.rhythm.recheck * (0.5 + Math.random() / 2)
  }

  // ---- Down -----------------------------------------------------------------------------------------------------

  /** A fault of the feed must reach neither the pipeline that tells it nor the process. */
  #safely(work: () => void): boolean {
    try {
      work()
      return true
    } catch (error) {
      this.#options.log.error({ err: error }, 'a fault in the live feed')
      return false
    }
  }

  #deliver(committed: readonly CommittedTransition[]): void {
    const end = this.#options.metrics.fanout.startTimer()
    const whole = this.#safely(() => {
      for (const one of committed) {
        this.#shown.sent(one)
        for (const connection of fanOut(this.#io, this.#audience, one)) this.cut(connection, 'held_too_long')
      }
    })
    end()
    this.#options.metrics.told.set(this.#commits.told)
    if (committed.some(({ transition }) => transition.reason === 'device_moved')) this.#alarmsMoved()
    // Whoever may have been left out by a fault comes back and resumes.
    if (!whole) for (const connection of this.#audience.all()) connection.socket.conn.close()
  }

  /**
   * The head comes from the ledger, not from what this feed thinks it has sent: it is the page's proof that it missed nothing. If
   * the ledger cannot be read there is no heartbeat, and the page turns red, as it should.
   */
  async #heartbeat(): Promise<void> {
    this.#reportDesks()
    if (this.#beating) return
    this.#beating = true
    const { ports, log, now } = this.#options
    try {
      await Promise.all(
        [...this.#audience.groups()].map(async ({ scope, connections }) => {
          const head = await ports.records.journal.headInScope(scope)
          await this.#commits.reach(head, HEAD_PATIENCE)
          const ids = [...connections].filter((one) => one.hears('heartbeat')).map((one) => one.socket.id)
          const { isStoring: storing, readingsLate } = ports.feed
          if (ids.length > 0) this.#io.to(ids).emit('heartbeat', { serverTime: now(), head, storing, readingsLate })
        }),
      )
    } catch (error) {
      log.warn({ err: error }, 'no heartbeat: the ledger cannot be read')
    } finally {
      this.#beating = false
    }
  }

  #reportDesks(): void {
    const { ports, now, metrics } = this.#options
    const armed = this.#desks.armed(now())
    metrics.desks.set(armed)
    this.#safely(() => ports.desks.armed(armed, now()))
  }
}
