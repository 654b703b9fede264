// A signed-in caller of the HTTP API and its live feed, as a machine would be.
import { io } from 'socket.io-client'
import type { Socket } from 'socket.io-client'
import type { Alarm } from '../../contract/alarms.ts'
import type { AlarmEvent, DownEvents, ResumeReply, UpEvents } from '../../contract/feed.ts'

export interface Answer<T> {
  readonly status: number
  readonly body: T
}

export class Api {
  readonly base: string
  readonly token: string

  private constructor(base: string, token: string) {
    this.base = base
    this.token = token
  }

  /** Signs in and takes a bearer token. `headers`: as a proxy in front of the hub would add them. */
  static async signIn(
    base: string,
    username: string,
    password: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Api> {
    const session = await fetch(`${base}/api/v1/session`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', origin: base },
      body: JSON.stringify({ username, password }),
    })
    if (!session.ok) throw new Error(`sign-in: ${session.status} ${await session.text()}`)
    const cookie = session.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
    const made = await fetch(`${base}/api/v1/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: base, cookie },
      body: JSON.stringify({ name: 'test' }),
    })
    if (!made.ok) throw new Error(`token: ${made.status} ${await made.text()}`)
    const { token } = (await made.json()) as { token: string }
    return new Api(base, token)
  }

  async call<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    const csv = typeof body === 'string'
    const answer = await fetch(`${this.base}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': csv ? 'text/csv' : 'application/json' }),
      },
      ...(body === undefined ? {} : { body: csv ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: (text === '' ? null : JSON.parse(text)) as T }
  }

  /** As `call`, but anything but success is an error with its text. */
  async ok<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call<T>(method, path, body)
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }
}

/** After a connection or a resume that was refused, ms. */
const ASK_AGAIN_MS = 500

export type FeedSocket = Socket<DownEvents, UpEvents>

/** How things stood at `head`, given in place of what followed `cursor`. */
export interface TakenSnapshot {
  readonly cursor: number | null
  readonly head: number
  readonly alarms: readonly Alarm[]
}

/** A screen that keeps account: every transition it was sent, with resume from its cursor after each connection. */
export class Screen {
  readonly socket: FeedSocket
  readonly seen: AlarmEvent[] = []
  /** When a transition was heard of first, by its sequence number; wall time, ms. */
  readonly heardAt = new Map<number, number>()
  /** The open alarms, as a page would list them. */
  readonly open = new Map<string, Alarm>()
  /** Pairs whose `prev` did not match the cursor: must stay empty. */
  readonly gaps: { cursor: number; prev: number }[] = []
  resumes = 0
  /** Resumes answered with a snapshot in place of what was missed. */
  readonly snapshots: TakenSnapshot[] = []
  live = false
  cursor: number | null
  private closed = false

  constructor(base: string, token: string, cursor: number | null = 0) {
    this.cursor = cursor
    this.socket = io(base, {
      auth: { token },
      transports: ['websocket'],
      reconnectionDelay: 20,
      reconnectionDelayMax: 100,
    })
    this.socket.on('hello', () => this.resume())
    this.socket.on('disconnect', (reason) => {
      this.live = false
      if (reason === 'io server disconnect') this.comeBack()
    })
    // The client comes back by itself where the line broke, not where the hub refused: e.g. because its ledger is away.
    this.socket.on('connect_error', () => this.socket.active || this.comeBack())
    this.socket.on('alarm', (event) => this.take(event))
    this.socket.on('heartbeat', ({ head }) => {
      if (this.live && this.cursor !== null && this.cursor < head) this.resume()
    })
  }

  private comeBack(): void {
    setTimeout(() => this.closed || this.socket.connect(), ASK_AGAIN_MS)
  }

  private resume(): void {
    this.live = false
    const { id } = this.socket
    this.socket.emit('feed:resume', { cursor: this.cursor }, (answer) => {
      if (!answer.ok) {
        // Of this connection alone: the next one asks by itself.
        setTimeout(() => this.socket.id === id && this.socket.connected && this.resume(), ASK_AGAIN_MS)
        return
      }
      this.resumes++
      this.apply(answer)
      this.live = true
    })
  }

  private apply(answer: ResumeReply): void {
    if (answer.mode === 'replay') for (const event of answer.events) this.take(event)
    else {
      const { head, alarms } = answer
      this.snapshots.push({ cursor: this.cursor, head, alarms })
      this.open.clear()
      for (const alarm of alarms) {
        this.open.set(alarm.id, alarm)
        this.hear(alarm.seq)
      }
    }
    // A snapshot may be of a smaller scope, whose newest transition is older than the cursor was.
    this.cursor = answer.mode === 'replay' ? Math.max(this.cursor ?? 0, answer.head) : answer.head
  }

  private take(event: AlarmEvent): void {
    if (this.cursor !== null && event.prev !== this.cursor) this.gaps.push({ cursor: this.cursor, prev: event.prev })
    this.seen.push(event)
    this.hear(event.seq)
    if (event.alarm.closedAt === null) this.open.set(event.alarm.id, event.alarm)
    else this.open.delete(event.alarm.id)
    this.cursor = event.seq
  }

  private hear(seq: number): void {
    if (!this.heardAt.has(seq)) this.heardAt.set(seq, Date.now())
  }

  close(): void {
    this.closed = true
    this.socket.close()
  }
}
