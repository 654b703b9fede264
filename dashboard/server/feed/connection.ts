// One page on the feed: who it is for, what it may hear, and where its line of transitions stands.
import type { DownEvents, UpEvents } from '../../../contract/feed.ts'
import type { Server, Socket } from 'socket.io'
import { sessionIdOf } from '../../../records/sessions.ts'
import { refusalOf } from '../auth/decide.ts'
import type { Principal } from '../auth/principal.ts'
import { Backlog } from './backlog.ts'
import { DOWN_ACCESS } from './events.ts'
import { Line } from './line.ts'
import { Pace } from './pace.ts'
import type { WatchedReading } from './live-readings.ts'

/** What signing in found out, until the connection is made from it. */
export interface Admitted {
  readonly principal: Principal
  readonly address: string
}
type NoEvents = Record<string, never>
export type FeedServer = Server<UpEvents, DownEvents, NoEvents, { admitted?: Admitted }>
export type FeedSocket = Socket<UpEvents, DownEvents, NoEvents, { admitted?: Admitted }>

/** Why the hub closes a socket: the word in metrics and, where it can still be said, to the page. */
export type CutReason =
  'session_ended' | 'scope_changed' | 'too_slow' | 'too_many_events' | 'too_many_sockets' | 'held_too_long'

export class Connection {
  readonly socket: FeedSocket
  readonly address: string
  readonly line = new Line()
  readonly pace: Pace
  /** By its id in lists; null for a bearer token. */
  readonly sessionId: string | null
  readonly backlog: Backlog
  principal: Principal
  /** When its session is read again, by the process's own clock, ms. */
  recheckAt = 0
  /** Devices whose readings it watches, and those with news not sent yet. */
  watched: ReadonlySet<string> = new Set()
  readonly fresh = new Map<string, WatchedReading>()
  /** Newest sequences reported as painted, so that none is counted twice. */
  readonly shown = new Set<number>()
  /** The newest word on what it has opened: an older one that is still being looked up counts for nothing. */
  viewingTurn = 0
  /** Who looks at what, as it was last told; a page starts with nobody. */
  toldViewers = '[]'

  constructor(socket: FeedSocket, { principal, address }: Admitted, now: number, tooSlow: () => void) {
    this.socket = socket
    this.principal = principal
    this.address = address
    const { credential } = principal
    this.sessionId = credential.type === 'session' ? sessionIdOf(credential.id) : null
    this.pace = new Pace(now)
    this.backlog = new Backlog(socket.conn, tooSlow)
  }

  /** Whether this viewer may be sent that event at all; what is in it is cut to their scope besides. */
  hears(event: keyof DownEvents): boolean {
    return refusalOf(DOWN_ACCESS[event], this.principal, false) === null
  }
}
