import { describe, expect, it } from 'vitest'
import type { Sent } from '../../../hub/push/endpoint.ts'
import { Outbox } from '../../../hub/push/outbox.ts'
import type { Message, Outcome } from '../../../hub/push/outbox.ts'

const answer = (status: number, retryAfter: number | null = null): Sent => ({ status, retryAfter })

/** An outbox whose clock and push service are the test's. */
class Bench {
  now = 1_000
  readonly sent: string[] = []
  readonly outcomes: [name: string, outcome: Outcome][] = []
  readonly pauses: { ms: number; wake: () => void; ended: boolean }[] = []
  answer: (endpoint: string) => Promise<Sent> = () => Promise.resolve(answer(201))
  readonly outbox = new Outbox({
    send: (endpoint) => {
      this.sent.push(endpoint)
      return this.answer(endpoint)
    },
    now: () => this.now,
    wait: (ms, then) => {
      const pause = { ms, wake: then, ended: false }
      this.pauses.push(pause)
      return () => (pause.ended = true)
    },
    done: ({ endpoint }, outcome) => this.outcomes.push([endpoint, outcome]),
    limits: { each: 3, all: 6, atOnce: 1 },
  })

  message(name: string, settings: Partial<Message> = {}): Message {
    const build = () => ({ headers: {}, body: Buffer.alloc(0) })
    return { to: 'phone', endpoint: name, priority: 2, until: 100_000, build, ...settings }
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('messages on their way', () => {
  it('end as the push service says', async () => {
    const bench = new Bench()
    const cases: [number, Outcome][] = [
      [200, 'sent'],
      [201, 'sent'],
      [404, 'gone'],
      [410, 'gone'],
      [400, 'refused'],
      [403, 'refused'],
      [413, 'refused'],
      [307, 'refused'],
    ]
    for (const [status, outcome] of cases) {
      bench.answer = () => Promise.resolve(answer(status))
      bench.outbox.add(bench.message(String(status)))
      await settled()
      expect(bench.outcomes.at(-1)).toEqual([String(status), outcome])
    }
    expect(bench.pauses).toEqual([])
    expect(bench.outbox.size).toBe(0)
  })

  it('are tried again with growing pauses, as long as asked, until they are worthless', async () => {
    const bench = new Bench()
    const answers = [answer(503), answer(429, 20), null, answer(500)]
    bench.answer = () => {
      const next = answers.shift() ?? null
      return next === null ? Promise.reject(new Error('no network')) : Promise.resolve(next)
    }
    bench.outbox.add(bench.message('a', { until: 60_000 }))
    const asked: number[] = []
    for (let round = 0; round < 10 && bench.outcomes.length === 0; round++) {
      await settled()
      const pause = bench.pauses.shift()
      if (pause === undefined) break
      asked.push(pause.ms)
      bench.now += pause.ms
      pause.wake()
    }
    await settled()
    expect(asked).toEqual([1_000, 20_000, 4_000, 8_000, 16_000])
    expect(bench.outcomes).toEqual([['a', 'expired']])
    expect(bench.now).toBeLessThan(60_000)
  })

  it('go by urgency; of too many the least urgent gives way, and that is said', async () => {
    const bench = new Bench()
    let free: () => void = () => {}
    bench.answer = () => new Promise((resolve) => (free = () => resolve(answer(201))))
    bench.outbox.add(bench.message('first'))
    for (const [name, priority] of [
      ['a3', 3],
      ['b2', 2],
      ['c1', 1],
      ['d2', 2],
      ['e1', 1],
    ] as const)
      bench.outbox.add(bench.message(name, { priority }))
    expect(bench.outcomes).toEqual([
      ['a3', 'overflow'],
      ['b2', 'overflow'],
    ])
    bench.outbox.add(bench.message('other', { to: 'another phone', priority: 3 }))
    for (let left = 5; left > 0; left--) {
      free()
      await settled()
    }
    expect(bench.sent).toEqual(['first', 'c1', 'e1', 'd2', 'other'])
  })

  it('of all telephones together are bounded too', async () => {
    const bench = new Bench()
    bench.answer = () => new Promise(() => {})
    for (let phone = 0; phone < 12; phone++) bench.outbox.add(bench.message(`m${phone}`, { to: `phone ${phone}` }))
    expect(bench.outbox.size).toBe(7)
    expect(bench.outcomes.every(([, outcome]) => outcome === 'overflow')).toBe(true)
    expect(bench.outcomes.length).toBe(5)
  })

  it('are not sent any more after the stop, which waits for what is under way', async () => {
    const bench = new Bench()
    let free: () => void = () => {}
    bench.answer = () => new Promise((resolve) => (free = () => resolve(answer(201))))
    bench.outbox.add(bench.message('under way'))
    bench.outbox.add(bench.message('waits'))
    const stopped = bench.outbox.stop()
    free()
    await stopped
    bench.outbox.add(bench.message('late'))
    expect(bench.sent).toEqual(['under way'])
    expect(bench.outcomes).toEqual([
      ['waits', 'expired'],
      ['under way', 'sent'],
      ['late', 'expired'],
    ])
  })
})
