// Messages on their way to the push services. Bounded: a telephone has at most so many waiting, the least urgent gives way and
// is counted, and the person is told how many were. Tried again with growing pauses until the message is worthless.
import type { Send, Sent } from './endpoint.ts'

export interface Message {
  /** Waiting messages of one telephone are counted together. */
  readonly to: string
  readonly endpoint: string
  /** 1 goes first and gives way last. */
  readonly priority: number
  /** Wall time, ms: from then on it is not worth sending. */
  readonly until: number
  /** Made when it is sent, and again at each try. */
  readonly build: (now: number) => { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer }
}

/**
 * `gone`: the push service knows that telephone no longer. `overflow`: it gave way. `refused`: it will never be taken. `left`: it is
 * somebody else's to send.
 */
export type Outcome = 'sent' | 'gone' | 'refused' | 'expired' | 'overflow' | 'left'

export interface OutboxOptions {
  readonly send: Send
  readonly now: () => number
  readonly wait: (ms: number, then: () => void) => () => void
  readonly done: (message: Message, outcome: Outcome) => void
  /** Messages of one telephone that may wait, and of all. */
  readonly limits?: { readonly each: number; readonly all: number; readonly atOnce: number }
}

const LIMITS = { each: 20, all: 5_000, atOnce: 20 } as const
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 5 * 60_000

interface Waiting {
  readonly message: Message
  tries: number
}

export class Outbox {
  readonly #options: OutboxOptions
  readonly #limits: NonNullable<OutboxOptions['limits']>
  /** Ready to go, and those that wait for their next try. */
  #ready: Waiting[] = []
  readonly #pauses = new Map<Waiting, () => void>()
  readonly #under = new Set<Promise<void>>()
  #stopped = false

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#limits = options.limits ?? LIMITS
  }

  /** How many wait or are under way. */
  get size(): number {
    return this.#ready.length + this.#pauses.size + this.#under.size
  }

  add(message: Message): void {
    if (this.#stopped) return this.#options.done(message, 'expired')
    this.#ready.push({ message, tries: 0 })
    this.#giveWay()
    this.#go()
  }

  /** What is under way is finished; what waits is not sent any more. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#clear('expired')
    await Promise.allSettled(this.#under)
  }

  /** What waits is not sent from here; what is under way is finished. */
  leave(): void {
    this.#clear('left')
  }

  #clear(outcome: Outcome): void {
    for (const end of this.#pauses.values()) end()
    const waiting = [...this.#ready, ...this.#pauses.keys()]
    this.#ready = []
    this.#pauses.clear()
    for (const { message } of waiting) this.#options.done(message, outcome)
  }

  #giveWay(): void {
    const waiting = [...this.#ready, ...this.#pauses.keys()]
    const newest = this.#ready.at(-1)
    const own = waiting.filter(({ message }) => message.to === newest?.message.to)
    const crowd = own.length > this.#limits.each ? own : waiting.length > this.#limits.all ? waiting : []
    if (crowd.length === 0) return
    // The least urgent; of those the oldest: what is newest is truest.
    const least = crowd.reduce((worst, one) => (one.message.priority > worst.message.priority ? one : worst))
    this.#forget(least)
    this.#options.done(least.message, 'overflow')
  }

  #forget(one: Waiting): void {
    this.#ready = this.#ready.filter((other) => other !== one)
    this.#pauses.get(one)?.()
    this.#pauses.delete(one)
  }

  #go(): void {
    while (!this.#stopped && this.#under.size < this.#limits.atOnce && this.#ready.length > 0) {
      const next = this.#ready.reduce((best, one) => (one.message.priority < best.message.priority ? one : best))
      this.#ready = this.#ready.filter((one) => one !== next)
      const trying = this.#try(next).finally(() => {
        this.#under.delete(trying)
        this.#go()
      })
      this.#under.add(trying)
    }
  }

  async #try(one: Waiting): Promise<void> {
    const { message } = one
    const { send, now, done } = this.#options
    if (now() >= message.until) return done(message, 'expired')
    let answer: Sent | null = null
    try {
      const { headers, body } = message.build(now())
      answer = await send(message.endpoint, headers, body)
    } catch {
      // No answer, which includes an address that may not be called by now: tried again until it is worthless.
    }
    const status = answer?.status ?? 0
    if (status >= 200 && status < 300) return done(message, 'sent')
    if (status === 404 || status === 410) return done(message, 'gone')
    if (status >= 300 && status < 500 && status !== 429 && status !== 408) return done(message, 'refused')
    this.#again(one, answer?.retryAfter ?? null)
  }

  #again(one: Waiting, retryAfter: number | null): void {
    const { now, wait, done } = this.#options
    const growing = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** one.tries)
    const pause = Math.min(LONGEST_PAUSE_MS, Math.max(growing, (retryAfter ?? 0) * 1_000))
    one.tries += 1
    if (this.#stopped || now() + pause >= one.message.until) return done(one.message, 'expired')
    const end = wait(pause, () => {
      this.#pauses.delete(one)
      this.#ready.push(one)
      this.#go()
    })
    this.#pauses.set(one, end)
  }
}
