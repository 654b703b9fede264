import { closeSync, copyFileSync, cpSync, openSync, readSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { silentlyDropped } from '../../../ingest/readings/log-end.ts'
import type { ReadingStore } from '../../../ingest/readings/port.ts'
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

const LOG = 'readings.duckdb.wal'
const upTo = (position: number): number[] => Array.from({ length: position }, (_, index) => index + 1)

async function copyOf(path: string): Promise<string> {
  const copy = join(await directory(), 'copy')
  cpSync(path, copy, { recursive: true })
  return copy
}

function flip(log: string, fromEnd: number): void {
  const at = statSync(log).size - fromEnd
  const byte = Buffer.alloc(1)
  const file = openSync(log, 'r+')
  readSync(file, byte, 0, 1, at)
  byte[0] = (byte[0] ?? 0) ^ 0xff
  writeSync(file, byte, 0, 1, at)
  closeSync(file)
}

/** Whether the log, cut to this length, ends with an entry: another write may have been under way when it had it. */
function endsWhole(path: string, bytes: number): boolean {
  const part = join(path, 'part')
  copyFileSync(join(path, LOG), part)
  truncateSync(part, bytes)
  const whole = silentlyDropped(part) === undefined
  rmSync(part)
  return whole
}

describe('a log whose end is damaged', () => {
  it('G1: cut by 1 to 4,096 bytes, it opens, keeps what was acknowledged before the cut, and goes on safely', async () => {
    const { path, acknowledged } = await killedStore()
    const whole = statSync(join(path, LOG)).size
    const safeAt = (bytes: number): number =>
      Math.max(0, ...acknowledged.filter((known) => known.bytes <= bytes).map(({ position }) => position))
    for (const cut of [1, 16, 64, 513, 2048, 4095, 4096]) {
      const copy = await copyOf(path)
      truncateSync(join(copy, LOG), whole - cut)
      const flood = startFlood(copy, 1_000_001)
      await flood.until((line) => Number.parseInt(line, 10) >= 1_000_500)
      await flood.kill()
      const store = storeIn(copy)
      const { position } = await store.start()
      expect(position).toBeGreaterThanOrEqual(flood.acknowledged())
      const positions = (await stored(store)).map((input) => input.position)
      const before = positions.filter((stored) => stored < 1_000_001)
      expect(before).toEqual(upTo(before.length))
      expect(before.length).toBeGreaterThanOrEqual(safeAt(whole - cut))
      expect(positions.length - before.length).toBe(position - 1_000_000)
      await store.stop()
    }
  })

  it('G1: with a byte flipped in its last 4,096, it opens, says what it dropped, and loses no more than that commit on', async () => {
    const { path, acknowledged } = await killedStore()
    for (const fromEnd of [1, 9, 18, 300, 4096]) {
      const copy = await copyOf(path)
      flip(join(copy, LOG), fromEnd)
      const store = storeIn(copy)
      const { position, repaired } = await store.start()
      expect(repaired).toMatch(/日志末尾损坏.*damaged|未写完.*unfinished/s)
      // An entry is a whole commit, so what is lost reaches back over the commit that the flipped byte lies in.
      const lost = acknowledged.filter((known) => known.position > position).length
      expect(lost).toBeLessThan(acknowledged.length / 2)
      await goesOnAfter(store, position)
    }
  })

  it('G1: with a damaged length or a damaged content before its last commits, the damaged file is kept too', async () => {
    const { path, acknowledged } = await killedStore()
    const whole = statSync(join(path, LOG)).size
    // The log was this long after a commit, so here an entry begins: 8 bytes of length, 8 of checksum, then the content.
    const lengths = [...new Set(acknowledged.map(({ bytes }) => bytes))].slice(0, -3)
    const entry = lengths.findLast((bytes) => endsWhole(path, bytes)) ?? NaN
    const topOfLength = 7
    const content = 16
    for (const byte of [topOfLength, content]) {
      const copy = await copyOf(path)
      flip(join(copy, LOG), whole - entry - byte)
      const store = storeIn(copy)
      const { position, repaired } = await store.start()
      expect(repaired).toMatch(new RegExp(`日志末尾损坏，已丢弃最后 ${whole - entry} 字节.*damaged`, 's'))
      expect(statSync(join(copy, `${LOG}.damaged-1`)).size).toBe(whole)
      expect(position).toBeGreaterThanOrEqual(acknowledged.findLast(({ bytes }) => bytes <= entry)?.position ?? NaN)
      expect(position).toBeLessThan(acknowledged.at(-1)?.position ?? NaN)
      await goesOnAfter(store, position)
    }
  })
})

describe('a log that ends in zeros, as pages do that were never written back', () => {
  it.each([16, 4_096, 44_668])(
    'G1: %i of them cost nothing that was acknowledged, and the store starts',
    async (zeros) => {
      const { path, acknowledged } = await killedStore()
      const log = join(path, LOG)
      const whole = statSync(log).size
      truncateSync(log, whole + zeros)
      const store = storeIn(path)
      const { position, repaired } = await store.start()
      expect(repaired).toMatch(new RegExp(`日志末尾损坏，已丢弃最后 ${zeros} 字节.*damaged`, 's'))
      expect(position).toBeGreaterThanOrEqual(acknowledged.at(-1)?.position ?? NaN)
      await goesOnAfter(store, position)
    },
  )
})

/** The store holds exactly what it says, takes one more, and finds nothing to tell at its next start. */
async function goesOnAfter(store: ReadingStore, position: number): Promise<void> {
  expect((await stored(store)).map((input) => input.position)).toEqual(upTo(position))
  await store.append([reading(position + 1)])
  await store.stop()
  expect(await store.start()).toEqual({ position: position + 1 })
}
