// The open alarms that the phone shows: the feed's, or, until it has come, those of the last time that it was live.
import type { Alarm } from '../../../../contract/alarms.ts'
import type { Feed } from '../feed/feed.svelte.ts'
import { inOrder } from '../feed/order.ts'
import { keepAlarms, recallAlarms } from './kept-alarms.ts'
import type { KeptAlarms } from './kept-alarms.ts'

/** How often the list is kept while it is live, changed or not: its age is told from that, ms. */
const KEEP_EVERY_MS = 15_000
const KEEP_AFTER_MS = 300

export class PhoneAlarms {
  readonly #feed: () => Feed | null
  #due = false
  #kept = $state.raw<KeptAlarms | null>(null)
  /** null: nothing is known yet. */
  readonly list: readonly Alarm[] | null
  /** When what is shown was true, if it may not be so any more, ms. */
  readonly asOf: number | null

  constructor(feed: () => Feed | null) {
    this.#feed = feed
    this.list = $derived.by(() => {
      const [now, kept] = [feed(), this.#kept]
      if (now?.listed === true) return inOrder(now.alarms, 'priority')
      return kept === null ? null : inOrder(kept.alarms, 'priority')
    })
    this.asOf = $derived.by(() => {
      const now = feed()
      if (now?.listed === true) return now.link.phase === 'disconnected' ? now.link.since : null
      return this.#kept?.at ?? null
    })
  }

  start(): () => void {
    void recallAlarms()
      .catch(() => null)
      .then((kept) => (this.#kept = kept))
    const timer = setInterval(() => this.#keep(), KEEP_EVERY_MS)
    const leave = () => document.visibilityState === 'hidden' && this.#keep()
    document.addEventListener('visibilitychange', leave)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', leave)
    }
  }

  /** What has come is kept a moment later, for the link may go as suddenly. */
  changed(): void {
    if (this.#due) return
    this.#due = true
    setTimeout(() => {
      this.#due = false
      this.#keep()
    }, KEEP_AFTER_MS)
  }

  of(id: string): Alarm | undefined {
    return this.list?.find((alarm) => alarm.id === id)
  }

  #keep(): void {
    const feed = this.#feed()
    if (feed?.listed !== true) return
    const at = feed.link.phase === 'disconnected' ? feed.link.since : Date.now()
    keepAlarms(feed.alarms, at).catch(() => undefined)
  }
}
