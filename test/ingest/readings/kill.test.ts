import { describe, expect, it } from 'vitest'
import { directory, stored, storeIn } from './county.ts'
import { startFlood } from './flood.ts'

/** Numbers that differ from round to round and are the same in every run. */
const spread = (round: number): number => (round * 2_654_435_761) % 1000

describe('kill -9', () => {
  it.each([
    ['under load', '' as const],
    ['in the middle of sealing', 'seal' as const],
  ])('G1: %s loses nothing acknowledged, six rounds on one store', { timeout: 120_000 }, async (_, mode) => {
    const path = await directory()
    let first = 1
    for (let round = 0; round < 6; round++) {
      const flood = startFlood(path, first, mode)
      const target = first + 1_000 + 8 * spread(round)
      await flood.until((line) => Number.parseInt(line, 10) >= target)
      if (mode === 'seal') await flood.until((line) => line === 'sealing' && flood.lines.at(-1) === 'sealing')
      await flood.kill()
      const store = storeIn(path)
      const { position } = await store.start()
      expect(position).toBeGreaterThanOrEqual(flood.acknowledged())
      const positions = (await stored(store)).map((input) => input.position)
      // Batches are committed in order and whole: what is stored is everything up to some batch, without a hole.
      expect(positions).toEqual(Array.from({ length: position }, (_, index) => index + 1))
      expect(position % 20).toBe(0)
      await store.stop()
      first = position + 1
    }
  })
})
