// The live feed of this page: socket in, machine between, runes out. Everything that decides is in link.ts.
import { io } from 'socket.io-client'
import type { Socket } from 'socket.io-client'
import { flushSync } from 'svelte'
import type { Alarm, Person } from '../../../../contract/alarms.ts'
import { DESK_SECONDS, DOWN, feedRefusalSchema, resumeReplySchema } from '../../../../contract/feed.ts'
import type {
  CommandEvent,
  Desk,
  DevicePresence,
  DownEvents,
  LiveReadings,
  UpEvents,
} from '../../../../contract/feed.ts'
import { ClockOffset, LatencyWindow } from './latency.ts'
import { LinkMachine } from './link.ts'
import type { CaughtUp, Effect, Link } from './link.ts'
import { PaintLog } from './paint-log.ts'
import { RedrawPace } from './redraw-pace.ts'
import { Viewing } from './viewing.ts'

const TICK_MS = 1_000
const SHOWN_EVERY_MS = 250
const RESUME_TIMEOUT_MS = 10_000
/** A row first painted this long after it was heard was scrolled or filtered away, not slow. */
const OUT_OF_VIEW_MS = 5_000

type FeedSocket = Socket<
  { [Name in keyof DownEvents]: (body: unknown) => void },
  Omit<UpEvents, 'feed:resume'> & {
    'feed:resume': (body: { cursor: number | null }, reply: (answer: unknown) => void) => void
  }
>

export class Feed {
  link = $state.raw<Link>({ phase: 'connecting' })
  alarms = $state.raw<readonly Alarm[]>([])
  /** The first list has come: an empty one means that there is nothing. */
  listed = $state.raw(false)
  caughtUp = $state.raw<CaughtUp | null>(null)
  lastHeardAt = $state.raw<number | null>(null)
  latency = $state.raw<{ readonly p50: number; readonly p99: number; readonly count: number } | null>(null)
  /** ms to add to this page's clock to get the hub's. */
  clockOffset = $state.raw(0)
  /** False while the hub cannot store what devices send. As of the newest heartbeat. */
  storing = $state.raw(true)
  /** True while readings wait for the store of the histories: charts end early. As of the newest heartbeat. */
  readingsLate = $state.raw(false)
  /** The hub would not have this page any more (session over). What is shown stays. */
  refused = $state.raw(false)
  /** Alarm id → who else has it opened. Known only while the link is up. */
  viewers = $state.raw<ReadonlyMap<string, readonly Person[]>>(new Map())
  /** Messages that were not the contract's; they are never guessed at. */
  misfits = $state.raw(0)

  readonly #machine = new LinkMachine()
  readonly #offset = new ClockOffset()
  readonly #window = new LatencyWindow()
  readonly #paints = new PaintLog()
  readonly #pace = new RedrawPace()
  /** seq → when the hub received it and when this page did, of transitions that came live and are not painted yet. */
  readonly #unpainted = new Map<number, { readonly receivedAt: number; readonly heardAt: number }>()
  readonly #readingsListeners = new Set<(readings: LiveReadings) => void>()
  readonly #paintListeners = new Set<(alarm: Alarm, ms: number) => void>()
  readonly #presenceListeners = new Set<(presence: DevicePresence) => void>()
  readonly #commandListeners = new Set<(event: CommandEvent) => void>()
  #socket: FeedSocket | null = null
  #watched: readonly string[] = []
  #desk: Desk | null = null
  #userId: string | null = null
  readonly #viewing = new Viewing((alarmId) => {
    if (this.#socket?.connected === true) this.#socket.emit('alarm:viewing', { alarmId })
  })
  #endViewing: () => void = () => {}
  #redrawDue = false
  #shownVersion = 0
  #timers: ReturnType<typeof setInterval>[] = []

  readonly live = $derived(this.link.phase === 'live')

  start(): void {
    if (this.#socket !== null) return
    const socket: FeedSocket = io({
      transports: ['websocket', 'polling'],
      reconnectionDelay: 500,
      reconnectionDelayMax: 5_000,
    })
    this.#socket = socket
    socket.on('hello', (body) =>
      this.#take(DOWN.hello, body, (hello, now) => {
        this.#userId = hello.user.id
        this.#onHello(hello.serverTime, now, this.#machine.hello(hello, now))
      }),
    )
    socket.on('heartbeat', (body) =>
      this.#take(DOWN.heartbeat, body, (beat, now) => {
        this.storing = beat.storing
        this.readingsLate = beat.readingsLate ?? false
        this.#onHello(beat.serverTime, now, this.#machine.heartbeat(beat, now))
      }),
    )
    socket.on('alarm', (body) =>
      this.#take(DOWN.alarm, body, (event, now) => {
        const { applied, effects } = this.#machine.event(event, now)
        if (applied && event.receivedAt !== null)
          this.#unpainted.set(event.seq, { receivedAt: event.receivedAt, heardAt: now })
        this.#carryOut(effects)
      }),
    )
    socket.on('readings', (body) =>
      this.#take(DOWN.readings, body, (readings) => this.#readingsListeners.forEach((listen) => listen(readings))),
    )
    socket.on('device', (body) =>
      this.#take(DOWN.device, body, (presence) => this.#presenceListeners.forEach((listen) => listen(presence))),
    )
    socket.on('command', (body) =>
      this.#take(DOWN.command, body, (event) => this.#commandListeners.forEach((listen) => listen(event))),
    )
    socket.on('viewers', (body) =>
      this.#take(DOWN.viewers, body, (viewers) => {
        const others = viewers.map(({ alarmId, viewers: people }) => {
          return [alarmId, people.filter(({ id }) => id !== this.#userId)] as const
        })
        this.viewers = new Map(others.filter(([, people]) => people.length > 0))
      }),
    )
    socket.on('connect', () => {
      this.refused = false
      this.viewers = new Map()
      this.#viewing.repeat()
      if (this.#watched.length > 0) socket.emit('readings:watch', { deviceIds: [...this.#watched] })
      if (this.#desk !== null) socket.emit('desk', this.#desk)
    })
    socket.on('connect_error', (error) => {
      this.#machine.disconnected(Date.now())
      // An error while the transport works is the hub's own refusal; the client does not retry by itself after one.
      if (!socket.active) {
        this.refused = isUnauthorized(error)
        setTimeout(() => this.#socket === socket && socket.connect(), RESUME_TIMEOUT_MS)
      }
      this.#publish()
    })
    socket.on('disconnect', (reason) => {
      this.viewers = new Map()
      this.#machine.disconnected(Date.now())
      this.#publish()
      if (reason === 'io server disconnect') setTimeout(() => this.#socket === socket && socket.connect(), 500)
    })
    this.#endViewing = this.#viewing.start()
    this.#timers = [
      setInterval(() => {
        this.#carryOut(this.#machine.tick(Date.now()))
        this.latency = this.#window.figures(Date.now())
      }, TICK_MS),
      setInterval(() => this.#reportShown(), SHOWN_EVERY_MS),
      setInterval(() => this.#desk !== null && this.#socket?.emit('desk', this.#desk), DESK_SECONDS * 1000),
    ]
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer)
    this.#timers = []
    this.#endViewing()
    this.#socket?.disconnect()
    this.#socket = null
  }

  /** Rows now on the screen. Call after paint. */
  painted(alarms: readonly Alarm[]): void {
    const now = Date.now()
    for (const alarm of this.#paints.painted(alarms)) {
      const unpainted = this.#unpainted.get(alarm.seq)
      this.#unpainted.delete(alarm.seq)
      const offset = this.#offset.ms
      if (unpainted === undefined || offset === null || now - unpainted.heardAt > OUT_OF_VIEW_MS) continue
      const ms = now + offset - unpainted.receivedAt
      this.#window.add(ms, now)
      for (const listen of this.#paintListeners) listen(alarm, ms)
    }
  }

  /** Rows that wait by the officer's choice: when they are painted says nothing about speed. */
  heldBack(alarms: readonly Alarm[]): void {
    for (const alarm of alarms) this.#unpainted.delete(alarm.seq)
  }

  /** What this desk says of itself; null when this page is no desk. */
  reportDesk(desk: Desk | null): void {
    this.#desk = desk
    if (desk !== null && this.#socket?.connected === true) this.#socket.emit('desk', desk)
  }

  /** What is opened on this page, for the others who may see it; null: nothing. */
  look(alarmId: string | null): void {
    this.#viewing.look(alarmId)
  }

  /** Live values of these devices until the returned function is called. One page watches at a time. */
  watch(deviceIds: readonly string[], onReadings: (readings: LiveReadings) => void): () => void {
    this.#watched = deviceIds
    this.#readingsListeners.add(onReadings)
    if (this.#socket?.connected === true) this.#socket.emit('readings:watch', { deviceIds: [...deviceIds] })
    return () => {
      this.#readingsListeners.delete(onReadings)
      if (this.#watched !== deviceIds) return
      this.#watched = []
      if (this.#socket?.connected === true) this.#socket.emit('readings:watch', { deviceIds: [] })
    }
  }

  /** Devices that come and go, until the returned function is called. */
  onPresence(listen: (presence: DevicePresence) => void): () => void {
    this.#presenceListeners.add(listen)
    return () => void this.#presenceListeners.delete(listen)
  }

  /** Commands that went on, until the returned function is called. */
  onCommand(listen: (event: CommandEvent) => void): () => void {
    this.#commandListeners.add(listen)
    return () => void this.#commandListeners.delete(listen)
  }

  /** Rows whose way from the hub's receipt to this screen was measured, ms; until the returned function is called. */
  onPainted(listen: (alarm: Alarm, ms: number) => void): () => void {
    this.#paintListeners.add(listen)
    return () => void this.#paintListeners.delete(listen)
  }

  /** Cuts this page off for so long, as a broken network would: what it then says and does is its own affair. */
  cutOff(ms: number): void {
    const socket = this.#socket
    if (socket === null) return
    socket.disconnect()
    setTimeout(() => this.#socket === socket && socket.connect(), ms)
  }

  /** After a new sign-in: connect at once. */
  retry(): void {
    this.#socket?.disconnect().connect()
  }

  #take<T>(
    schema: { safeParse(body: unknown): { success: true; data: T } | { success: false } },
    body: unknown,
    then: (parsed: T, now: number) => void,
  ): void {
    const parsed = schema.safeParse(body)
    if (parsed.success) then(parsed.data, Date.now())
    else this.misfits += 1
    this.#publish()
  }

  #onHello(serverTime: number, now: number, effects: readonly Effect[]): void {
    this.#offset.add(serverTime, now)
    this.clockOffset = this.#offset.ms ?? 0
    this.#carryOut(effects)
  }

  #carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.do === 'reload') location.reload()
      else if (effect.do === 'reconnect') this.#socket?.disconnect().connect()
      else this.#resume(effect.cursor)
    }
    this.#publish()
  }

  #resume(cursor: number | null): void {
    const socket = this.#socket
    if (socket === null) return
    socket.timeout(RESUME_TIMEOUT_MS).emit('feed:resume', { cursor }, (timedOut: Error | null, answer: unknown) => {
      if (this.#socket !== socket) return
      const reply = timedOut === null ? resumeReplySchema.safeParse(answer) : null
      if (reply?.success === true) {
        // What came by replay was not painted on time by definition: it is no latency sample.
        this.#unpainted.clear()
        this.#carryOut(this.#machine.resumed(reply.data, Date.now()))
      } else {
        const refusal = feedRefusalSchema.safeParse(answer)
        if (timedOut === null && !refusal.success) this.misfits += 1
        this.#machine.resumeFailed(Date.now())
        this.#publish()
      }
    })
  }

  #reportShown(): void {
    const socket = this.#socket
    if (socket === null || !socket.connected) return
    for (const seqs of this.#paints.drain()) socket.emit('alarm:shown', { seqs })
  }

  /** The link is published at once; the list as the pace allows, however many transitions came meanwhile. */
  #publish(): void {
    this.link = this.#machine.link
    this.caughtUp = this.#machine.caughtUp
    this.lastHeardAt = this.#machine.lastHeardAt
    if (this.#machine.cursor === null) this.listed = false
    if (this.#redrawDue || this.#machine.alarms.version === this.#shownVersion) return
    const wait = this.#pace.wait(performance.now())
    if (wait === 0) return this.#redraw()
    this.#redrawDue = true
    // No animation frame: a page in the background gets none, and in a frame the work would come too late for it.
    setTimeout(() => {
      this.#redrawDue = false
      this.#redraw()
    }, wait)
  }

  #redraw(): void {
    const from = performance.now()
    this.#shownVersion = this.#machine.alarms.version
    this.alarms = this.#machine.alarms.list()
    this.listed = this.#machine.cursor !== null
    if (this.#unpainted.size > 5_000) this.#unpainted.clear()
    this.#paints.keepOnly((id) => this.#machine.alarms.get(id) !== undefined)
    flushSync()
    this.#pace.drawn(from, performance.now())
  }
}

const isUnauthorized = (error: Error): boolean => error.message === 'unauthorized'
