import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pick, seedOf, uniform, wander } from '../../simulators/random.ts'

describe('randomness by position', () => {
  it('is a fixed function: these numbers never change, or every recorded world would', () => {
    expect([0, 1, 2, -1, 2 ** 40].map((n) => uniform(1, n))).toMatchInlineSnapshot(`
      [
        0.5654405700042844,
        0.2304182241205126,
        0.972553065046668,
        0.547051259316504,
        0.576091974042356,
      ]
    `)
    expect(seedOf(1, 'el-001')).toMatchInlineSnapshot(`896037779`)
  })

  it('is uniform over positions near and far', () => {
    for (const origin of [0, 1_795_000_000_000, -5_000, 2 ** 32 - 5_000]) {
      const deciles = Array.from({ length: 10 }, () => 0)
      for (let n = 0; n < 10_000; n++) {
        const decile = Math.floor(uniform(42, origin + n) * 10)
        deciles[decile] = (deciles[decile] as number) + 1
      }
      for (const count of deciles) expect(Math.abs(count - 1_000)).toBeLessThan(150)
    }
  })

  it('gives neighbours, seeds and names nothing in common', () => {
    let sum = 0
    for (let n = 0; n < 10_000; n++) sum += (uniform(1, n) - 0.5) * (uniform(1, n + 1) - 0.5)
    expect(Math.abs(sum / 10_000)).toBeLessThan(0.004)
    expect(new Set(Array.from({ length: 10_000 }, (_, n) => seedOf(7, `el-${n}`))).size).toBeGreaterThan(9_990)
  })

  it('wanders within −1 and 1 without jumping', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: -1e12, max: 2e12 }), (seed, t) => {
        const [here, soon] = [wander(seed, t, 60_000), wander(seed, t + 60, 60_000)]
        expect(Math.abs(here)).toBeLessThanOrEqual(1)
        // A thousandth of the period moves it by at most π/1000.
        expect(Math.abs(soon - here)).toBeLessThan(0.0033)
      }),
    )
  })

  it('picks every item', () => {
    const picked = Array.from({ length: 200 }, (_, n) => pick(3, n, ['a', 'b', 'c']))
    expect(new Set(picked)).toEqual(new Set(['a', 'b', 'c']))
  })
})
