// One rule of rounding: half up, one decimal, never clamped.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { percentOf, percentText } from '../../contract/rate.ts'

describe('rates', () => {
  it('round as the county prints them', () => {
    for (const [part, whole, text] of [
      [44, 44, '100.0 %'],
      [95, 92, '103.3 %'],
      [4398, 3688, '119.3 %'],
      [10, 23, '43.5 %'],
      [106, 112, '94.6 %'],
      [596, 1200, '49.7 %'],
      [2863, 2931, '97.7 %'],
      [0, 5, '0.0 %'],
      [1, 2000, '0.1 %'],
      [3, 0, '—'],
    ] as const)
      expect([part, whole, percentText(percentOf(part, whole))]).toEqual([part, whole, text])
  })

  it('lie within half a tenth of the share, a tie upwards', () => {
    fc.assert(
      fc.property(fc.nat(2_000_000), fc.integer({ min: 1, max: 1_000_000 }), (part, whole) => {
        const tenths = Math.round((percentOf(part, whole) ?? 0) * 10)
        // −whole < 2·(tenths·whole − 1000·part) ≤ whole
        const off = 2n * (BigInt(tenths) * BigInt(whole) - 1000n * BigInt(part))
        return off > -BigInt(whole) && off <= BigInt(whole)
      }),
    )
  })
})
