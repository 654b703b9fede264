import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DueQueue } from '../../ingest/timers.ts'

describe('due queue', () => {
  it('gives each item once, at the earliest instant asked for', () => {
    const queue = new DueQueue<{ name: string }>()
    const [a, b] = [{ name: 'a' }, { name: 'b' }]
    queue.want(a, 30)
    queue.want(b, 20)
    queue.want(a, 10)
    queue.want(a, 40)
    expect(queue.peek()).toBe(10)
    expect(queue.take(25)).toEqual([a, b])
    expect(queue.take(100)).toEqual([])
  })

  it('forgets what was dropped', () => {
    const queue = new DueQueue<{ name: string }>()
    const item = { name: 'a' }
    queue.want(item, 10)
    queue.drop(item)
    expect(queue.take(10)).toEqual([])
  })

  it('agrees with a plain map of earliest wishes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), fc.nat(100), fc.boolean())), (steps) => {
        const items = Array.from({ length: 21 }, (_, index) => ({ index }))
        const queue = new DueQueue<{ index: number }>()
        const model = new Map<number, number>()
        for (const [index, at, take] of steps) {
          if (take) {
            const expected = [...model].filter(([, due]) => due <= at).map(([item]) => item)
            for (const item of expected) model.delete(item)
            expect(
              queue
                .take(at)
                .map((item) => item.index)
                .toSorted((x, y) => x - y),
            ).toEqual(expected.toSorted((x, y) => x - y))
          } else {
            queue.want(items[index] as { index: number }, at)
            model.set(index, Math.min(model.get(index) ?? Infinity, at))
          }
        }
      }),
    )
  })
})
