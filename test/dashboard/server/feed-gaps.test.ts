// Gaps of any length, before the first event too, with restarts in between, while transitions commit all
// the time. A screen ends with every transition of its scope, once, in order.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AlarmEvent, FeedRefusal, ResumeReply } from '../../../contract/feed.ts'
import { World, next, until } from './world.ts'
import type { Client } from './world.ts'

/** Mulberry32: a gap that fails can be played again. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A page as it behaves: keeps a cursor, resumes after each connection, checks `prev`. */
class Page {
  readonly seqs: number[] = []
  readonly wrong: string[] = []
  cursor = 0
  private client: Client | null = null
  private readonly world: World
  private readonly cookie: string

  constructor(world: World, cookie: string) {
    this.world = world
    this.cookie = cookie
  }

  async connect(): Promise<void> {
    const client = this.world.socket(this.cookie)
    this.client = client
    let answered = false
    client.on('alarm', (event) => {
      if (!answered) this.wrong.push(`${event.seq} before the answer to resume`)
      this.take(event)
    })
    await next(client, 'hello')
    // In the callback itself: what follows the answer in the same packet is dispatched before an awaited promise goes on.
    await new Promise<void>((resolve) =>
      client.emit('feed:resume', { cursor: this.cursor }, (answer) => {
        answered = true
        this.apply(answer)
        resolve()
      }),
    )
  }

  private apply(answer: ResumeReply | FeedRefusal): void {
    if (!answer.ok || answer.mode !== 'replay') {
      this.wrong.push(`resume from ${this.cursor}: ${JSON.stringify(answer).slice(0, 200)}`)
      return
    }
    for (const event of answer.events) this.take(event)
    if (answer.head !== this.cursor) this.wrong.push(`head ${answer.head} after a replay up to ${this.cursor}`)
  }

  cut(): void {
    this.client?.close()
    this.client?.removeAllListeners()
    this.client = null
  }

  private take(event: AlarmEvent): void {
    if (event.prev !== this.cursor) this.wrong.push(`${event.seq} says prev ${event.prev}, cursor is ${this.cursor}`)
    this.seqs.push(event.seq)
    this.cursor = event.seq
  }
}

describe('G3: feed gaps', () => {
  let world: World
  beforeAll(async () => {
    world = await World.start()
  })
  afterAll(() => world.stop())

  it('G3: 100 random gaps with restarts, under concurrent commits: 0 missed, 0 doubled', async () => {
    const random = randomOf(19)
    const pages = {
      duty: new Page(world, await world.as('duty')),
      manager: new Page(world, await world.as('manager')),
    }
    const mine: number[] = []
    let alarm = 0
    const background = { on: true }
    const commit = async (transitions: number): Promise<void> => {
      const entries = Array.from({ length: transitions }, () => {
        alarm += 1
        return world.entry({ alarmId: `gap-${alarm % 50}`, place: random() < 0.4 ? 'a' : random() < 0.8 ? 'b' : 'hub' })
      })
      for (const { transition, siteId } of await world.commit(...entries))
        if (siteId === world.sites.a) mine.push(transition.seq)
    }
    // The first connection comes before the first event, and its first gap too.
    await Promise.all([pages.duty.connect(), pages.manager.connect()])
    const committing = (async () => {
      while (background.on) {
        await commit(1 + Math.floor(random() * 3))
        await new Promise((resolve) => setTimeout(resolve, random() * 4))
      }
    })()
    let restarts = 0
    for (let gap = 0; gap < 100; gap++) {
      const cut = random() < 0.5 ? [pages.duty, pages.manager] : [random() < 0.5 ? pages.duty : pages.manager]
      for (const page of cut) page.cut()
      // The gap is counted in transitions: 0 to 12 that nobody was there to hear.
      await commit(Math.floor(random() * 12))
      if (gap % 20 === 7) {
        restarts += 1
        pages.duty.cut()
        pages.manager.cut()
        await world.stopServing()
        await commit(Math.floor(random() * 12))
        await world.serve()
        await Promise.all([pages.duty.connect(), pages.manager.connect()])
      } else await Promise.all(cut.map((page) => page.connect()))
    }
    background.on = false
    await committing
    const head = await world.ledger.journal.head()
    await until(() => pages.duty.cursor === head && pages.manager.cursor === mine.at(-1))
    expect(restarts).toBe(5)
    expect(pages.duty.wrong).toEqual([])
    expect(pages.manager.wrong).toEqual([])
    expect(pages.duty.seqs).toEqual(Array.from({ length: head }, (_, i) => i + 1))
    expect(pages.manager.seqs).toEqual(mine.toSorted((x, y) => x - y))
  })
})
