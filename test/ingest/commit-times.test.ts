import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CommitTimes } from '../../ingest/commit-times.ts'

describe('commit times', () => {
  it('say that nothing was measured before the first', () => {
    expect(new CommitTimes().figures()).toEqual({ count: 0, of: 0, p50: null, p99: null, last: null })
  })

  it('are the nearest ranks of the newest thousand, as a naive reading has them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 10_000, noNaN: true }), { minLength: 1, maxLength: 2_500 }),
        (all) => {
          const times = new CommitTimes()
          for (const [index, ms] of all.entries()) times.took(ms, index)
          const newest = all.slice(-1_000).toSorted((a, b) => a - b)
          const atOrBelow = (share: number) => newest.find((_, index) => index + 1 >= share * newest.length)
          expect(times.figures()).toEqual({
            count: all.length,
            of: newest.length,
            p50: atOrBelow(0.5),
            p99: atOrBelow(0.99),
            last: { ms: all.at(-1), at: all.length - 1 },
          })
        },
      ),
      { numRuns: 60 },
    )
  })
})
