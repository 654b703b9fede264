// What the officer is doing: what is selected, what is open, whether the list must hold still.
import type { Alarm } from '../../../../contract/alarms.ts'
import type { AckLevel } from '../../../../contract/role-names.ts'
import type { Feed } from '../feed/feed.svelte.ts'
import { filtered } from './filter.ts'
import type { Filter } from './filter.ts'
import { EMPTY, HeldList } from './held-list.ts'
import type { Held } from './held-list.ts'

/** The list holds still this long after the last touch of pointer, key or wheel on it. */
const READING_MS = 20_000

export class Desk {
  selectedId = $state<string | null>(null)
  openedId = $state<string | null>(null)
  held = $state.raw<Held>(EMPTY)
  /** The last state seen of the opened alarm: it stays readable after it is over. */
  opened = $state.raw<Alarm | null>(null)
  #pointedAt = $state(0)
  #typedAt = $state(0)
  readonly #list = new HeldList()
  readonly #feed: Feed
  #filter: Filter | null = null

  constructor(feed: Feed) {
    this.#feed = feed
  }

  /** The pointer moves over the list, or scrolls it. */
  point(now: number): void {
    this.#pointedAt = now
  }

  /** The pointer has left the list. */
  unpoint(): void {
    this.#pointedAt = 0
  }

  isReading(now: number): boolean {
    return now - Math.max(this.#pointedAt, this.#typedAt) < READING_MS
  }

  /** Lets in what waits. */
  release(): void {
    this.#pointedAt = 0
    this.#typedAt = 0
  }

  /** Call with every change of the feed, the filter or the clock. */
  refresh(filter: Filter, level: AckLevel, now: number): void {
    const alarms = this.#feed.alarms
    const open = new Map(alarms.map((alarm) => [alarm.id, alarm]))
    const holding = this.isReading(now) && this.#filter === filter
    this.#filter = filter
    const held = this.#list.next(filtered(alarms, filter, level), open, holding)
    this.held = held
    if (this.openedId !== null) this.opened = open.get(this.openedId) ?? this.opened
    if (this.selectedId !== null && !held.rows.some((row) => row.alarm.id === this.selectedId)) this.selectedId = null
  }

  get selected(): Alarm | null {
    return this.held.rows.find((row) => row.alarm.id === this.selectedId)?.alarm ?? null
  }

  /** One row on or back by key. The index now selected, or -1 when the list is empty. */
  move(step: 1 | -1, now: number): number {
    this.#typedAt = now
    const rows = this.held.rows
    const at = rows.findIndex((row) => row.alarm.id === this.selectedId)
    const to = at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))
    this.selectedId = rows[to]?.alarm.id ?? null
    return this.selectedId === null ? -1 : to
  }

  open(alarm: Alarm): void {
    this.selectedId = alarm.id
    this.openedId = alarm.id
    this.opened = alarm
  }

  close(): void {
    this.openedId = null
    this.opened = null
  }
}
