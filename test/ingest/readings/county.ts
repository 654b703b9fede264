// A small county for the store's tests: kinds, readings, and stores in directories of their own that are gone afterwards.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { createDuckdbStore, type DuckdbStore, type DuckdbStoreOptions } from '../../../ingest/readings/duckdb-store.ts'
import type { ReadingStore, StoredEvent, StoredInput, StoredReading } from '../../../ingest/readings/port.ts'

export const KINDS = { electricity: ['residual_current', 'voltage_a', 'energy'], gas: ['lel'] }
export const DAY = 86_400_000
/** Midnight in China at the start of 2026-11-01. */
export const START = Date.UTC(2026, 9, 31, 16)
export const KEEP = { rawDays: 90, minuteDays: 365, hourDays: 1825 }

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

export async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'zhian-readings-'))
  cleanups.push(() => rm(path, { recursive: true, force: true }))
  return path
}

export function storeIn(path: string, options: Partial<DuckdbStoreOptions> = {}): DuckdbStore {
  const store = createDuckdbStore({ directory: path, kinds: KINDS, ...options })
  cleanups.push(() => store.stop())
  return store
}

export async function openStore(options: Partial<DuckdbStoreOptions> = {}): Promise<DuckdbStore> {
  const store = storeIn(await directory(), options)
  await store.start()
  return store
}

export function reading(position: number, given: Partial<StoredReading> = {}): StoredReading {
  const ts = given.ts ?? START + position * 1000
  return {
    type: 'reading',
    position,
    deviceId: 'meter-1',
    kind: 'electricity',
    ts,
    receivedAt: ts,
    quality: 'device',
    values: { residual_current: position },
    ...given,
  }
}

export function event(position: number, given: Partial<StoredEvent> = {}): StoredEvent {
  const ts = given.ts ?? START + position * 1000
  return {
    type: 'event',
    position,
    deviceId: 'meter-1',
    kind: 'electricity',
    ts,
    receivedAt: ts,
    quality: 'device',
    name: 'restarted',
    data: { by: 'hub' },
    ...given,
  }
}

export async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of stream) items.push(item)
  return items
}

export const stored = (store: ReadingStore, after = 0): Promise<StoredInput[]> => all(store.after(after))

/** Seals everything that has arrived, as the night after `day` (counted from START) would. */
export const sealAfter = (store: ReadingStore, day: number): Promise<void> =>
  store.maintain(START + (day + 1.5) * DAY, KEEP)
