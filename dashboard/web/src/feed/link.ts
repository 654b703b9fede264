// The link to the hub as a pure machine: what comes in, what the page may claim, what to ask next (G3). No clock, no
// socket: instants are arguments, requests are returned as effects.
//
// Instants named `now` are this page's wall clock, ms. Rules:
//  - live means: heartbeats arrive, and the cursor has reached the newest head heard.
//  - a transition whose `prev` lies beyond the cursor is a gap: resume, and apply nothing until the reply.
//  - a replay is believed only if its `prev` chain reaches from the cursor to its head; otherwise a snapshot is asked for.
import type { AlarmEvent, Heartbeat, Hello, ResumeReply } from '../../../../contract/feed.ts'
import { DEAD_AFTER_SECONDS, FEED_PROTOCOL } from '../../../../contract/feed.ts'
import { OpenAlarms } from './open-alarms.ts'

export type Link =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'live' }
  /** `behind`: how far the ledger's sequence is ahead; null while that is not known. */
  | { readonly phase: 'catching_up'; readonly behind: number | null }
  | { readonly phase: 'disconnected'; readonly since: number }

/** How the last gap was closed. `replay`: proven complete by its chain. `snapshot`: the open list was loaded anew. */
export interface CaughtUp {
  readonly mode: 'replay' | 'snapshot'
  readonly count: number
  readonly head: number
  readonly at: number
}

export type Effect =
  | { readonly do: 'resume'; readonly cursor: number | null }
  /** The connection is as good as dead: drop it and connect anew. */
  | { readonly do: 'reconnect' }
  /** The hub speaks another protocol: load the page that fits it. */
  | { readonly do: 'reload' }

/** Seconds to wait for the reply to a resume, and before asking again after a refusal. */
const RESUME_TIMEOUT_MS = 10_000
const RESUME_RETRY_MS = 2_000
const NONE: readonly Effect[] = []

export class LinkMachine {
  readonly alarms = new OpenAlarms()
  link: Link = { phase: 'connecting' }
  cursor: number | null = null
  caughtUp: CaughtUp | null = null
  /** When the hub was last heard (hello or heartbeat), and when it was last heard while connected and live. */
  lastHeardAt: number | null = null
  #head = 0
  /** Which ledger the cursor is of. */
  #ledger: string | null = null
  #connected = false
  /** Set between a resume and its reply; what arrives meanwhile waits here. */
  #resume: { readonly cursor: number | null; readonly at: number; readonly early: AlarmEvent[] } | null = null
  #retryAt: number | null = null
  /** False until the first list has come: the first one is not "catching up". */
  #everLive = false
  /** A gap with a beginning: its end is told even when nothing was missed. */
  #wasCut = false

  /** The hub answered the connection. */
  hello(hello: Hello, now: number): readonly Effect[] {
    if (hello.protocol !== FEED_PROTOCOL) return [{ do: 'reload' }]
    this.#connected = true
    this.#head = hello.head
    this.lastHeardAt = now
    if (this.#ledger !== null && this.#ledger !== hello.ledger) this.cursor = null
    this.#ledger = hello.ledger
    return this.#ask(this.cursor, now)
  }

  heartbeat(beat: Pick<Heartbeat, 'serverTime' | 'head'>, now: number): readonly Effect[] {
    if (!this.#connected) return NONE
    this.lastHeardAt = now
    this.#head = Math.max(this.#head, beat.head)
    if (this.#resume !== null || this.#retryAt !== null) return NONE
    if (this.cursor === null || this.cursor < this.#head) return this.#ask(this.cursor, now)
    this.link = { phase: 'live' }
    return NONE
  }

  /** A transition; true in `applied` if it was new. */
  event(event: AlarmEvent, now: number): { readonly applied: boolean; readonly effects: readonly Effect[] } {
    if (this.#resume !== null) {
      this.#resume.early.push(event)
      return { applied: false, effects: NONE }
    }
    if (this.cursor === null) return { applied: false, effects: this.#ask(null, now) }
    if (event.seq <= this.cursor) return { applied: false, effects: NONE }
    this.#head = Math.max(this.#head, event.seq)
    if (event.prev > this.cursor) return { applied: false, effects: this.#ask(this.cursor, now) }
    this.#apply(event)
    return { applied: true, effects: NONE }
  }

  /** The reply to the last resume. */
  resumed(reply: ResumeReply, now: number): readonly Effect[] {
    const asked = this.#resume
    if (asked === null) return NONE
    this.#resume = null
    if (reply.mode === 'snapshot') {
      this.alarms.replace(reply.alarms)
      this.cursor = reply.head
      this.#note({ mode: 'snapshot', count: reply.alarms.length, head: reply.head, at: now })
    } else {
      const from = asked.cursor
      if (from === null || !isWhole(reply.events, from, reply.head)) return this.#ask(null, now)
      let count = 0
      for (const event of reply.events)
        if (event.seq > from) {
          this.#apply(event)
          count += 1
        }
      this.cursor = Math.max(from, reply.head)
      this.#note({ mode: 'replay', count, head: this.cursor, at: now })
    }
    this.#head = Math.max(this.#head, reply.head)
    for (const event of asked.early) {
      const { effects } = this.event(event, now)
      if (effects.length > 0) return effects
    }
    // A head that moved on while the reply was under way is asked for again; the page stays "catching up" meanwhile.
    if (this.cursor < this.#head) return this.#ask(this.cursor, now)
    this.link = { phase: 'live' }
    this.#everLive = true
    return NONE
  }

  /** The hub refused the resume, or did not answer it: ask again a little later. */
  resumeFailed(now: number): void {
    this.#resume = null
    this.#retryAt = now + RESUME_RETRY_MS
  }

  disconnected(now: number): void {
    this.#connected = false
    this.#wasCut = true
    this.#resume = null
    this.#retryAt = null
    if (this.link.phase !== 'disconnected') this.link = { phase: 'disconnected', since: this.lastHeardAt ?? now }
  }

  /** Once a second. */
  tick(now: number): readonly Effect[] {
    if (!this.#connected) return NONE
    if (this.lastHeardAt !== null && now - this.lastHeardAt >= DEAD_AFTER_SECONDS * 1000) {
      this.disconnected(now)
      return [{ do: 'reconnect' }]
    }
    if (this.#resume !== null && now - this.#resume.at >= RESUME_TIMEOUT_MS) this.resumeFailed(now)
    if (this.#retryAt !== null && now >= this.#retryAt) return this.#ask(this.cursor, now)
    return NONE
  }

  #ask(cursor: number | null, now: number): readonly Effect[] {
    this.#resume = { cursor, at: now, early: this.#resume?.early ?? [] }
    this.#retryAt = null
    this.link = { phase: 'catching_up', behind: cursor === null ? null : Math.max(0, this.#head - cursor) }
    return [{ do: 'resume', cursor }]
  }

  #apply(event: AlarmEvent): void {
    this.alarms.apply(event.alarm)
    this.cursor = event.seq
  }

  #note(caughtUp: CaughtUp): void {
    const worthSaying = caughtUp.mode === 'snapshot' || caughtUp.count > 0 || this.#wasCut
    this.#wasCut = false
    if (this.#everLive && worthSaying) this.caughtUp = caughtUp
  }
}

/** True if the events lead from `from` to `head` without a hole. Events at or before `from` are repeats. */
export function isWhole(events: readonly AlarmEvent[], from: number, head: number): boolean {
  let reached = from
  for (const event of events) {
    if (event.seq <= from) continue
    if (event.prev > reached || event.seq <= reached) return false
    reached = event.seq
  }
  return reached >= head
}
