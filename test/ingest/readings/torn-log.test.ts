import { cpSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { directory, reading, stored, storeIn } from './county.ts'
import { startFlood } from './flood.ts'

/** A store whose process was killed, and for each acknowledged position how long the log was then. */
async function killedStore(): Promise<{ path: string; acknowledged: { position: number; bytes: number }[] }> {
  const path = await directory()
  const flood = startFlood(path, 1, 'log')
  await flood.until((line) => Number.parseInt(line, 10) >= 4_000)
  await flood.kill()
  const acknowledged = flood.lines.flatMap((line) => {
    const [position = NaN, bytes = NaN] = line.split(' ').map(Number)
    return Number.isNaN(bytes) ? [] : { position, bytes }
  })
  return { path, acknowledged }
}

describe('a log whose end is damaged', () => {
  it('G1: cut by 1 to 4,096 bytes, it opens and keeps every reading acknowledged before the cut', async () => {
    const { path, acknowledged } = await killedStore()
    const whole = statSync(join(path, 'readings.duckdb.wal')).size
    for (const cut of [1, 7, 64, 513, 1024, 2048, 4095, 4096]) {
      const copy = join(await directory(), 'copy')
      cpSync(path, copy, { recursive: true })
      truncateSync(join(copy, 'readings.duckdb.wal'), whole - cut)
      const store = storeIn(copy)
      const { position } = await store.start()
      const safe = Math.max(
        0,
        ...acknowledged.filter(({ bytes }) => bytes <= whole - cut).map((known) => known.position),
      )
      expect(position).toBeGreaterThanOrEqual(safe)
      expect((await stored(store)).map((input) => input.position)).toEqual(
        Array.from({ length: position }, (_, index) => index + 1),
      )
      await store.append([reading(position + 1)])
      await store.stop()
    }
  })
})
