// What a stopped hub has on its disk, read without the hub: the other half of every fault test's comparison.
import { join } from 'node:path'
import { createDuckdbStore } from '../../ingest/readings/duckdb-store.ts'
import type { StoredInput } from '../../ingest/readings/port.ts'
import { EVERYTHING } from '../../records/scope.ts'
import { createLedger } from '../../records/sqlite-ledger.ts'
import type { CommittedTransition } from '../../records/ledger.ts'
import { DEFAULT_RULES, METRIC_COLUMNS } from '../../hub/rules.ts'
import type { OracleEntry } from '../load/oracle.ts'

export interface Evidence {
  readonly transitions: readonly CommittedTransition[]
  /** By device: how often each sample time is stored, readings and events apart. */
  readonly readings: ReadonlyMap<string, ReadonlyMap<number, number>>
  readonly events: ReadonlyMap<string, ReadonlyMap<number, number>>
}

/**
 * `directory`: the hub's data directory. The hub must have stopped. `sealAt`: every day that has ended by then is sealed
 * first, as the hub would in the night.
 */
export async function readEvidence(directory: string, sealAt: number | null = null): Promise<Evidence> {
  const ledger = createLedger({ directory, defaultRules: DEFAULT_RULES, hashDeviceToken: () => '' })
  await ledger.start()
  const transitions: CommittedTransition[] = []
  try {
    for (;;) {
      const page = await ledger.journal.after(EVERYTHING, transitions.at(-1)?.transition.seq ?? 0, 5_000)
      if (page.length === 0) break
      transitions.push(...page)
    }
  } finally {
    await ledger.stop()
  }
  const store = createDuckdbStore({ directory: join(directory, 'readings'), kinds: METRIC_COLUMNS })
  await store.start()
  if (sealAt !== null) await store.maintain(sealAt, { rawDays: 90, minuteDays: 365, hourDays: 1_825 })
  const readings = new Map<string, Map<number, number>>()
  const events = new Map<string, Map<number, number>>()
  try {
    for await (const input of store.after(0)) count(input.type === 'reading' ? readings : events, input)
  } finally {
    await store.stop()
  }
  return { transitions, readings, events }
}

function count(into: Map<string, Map<number, number>>, { deviceId, ts }: StoredInput): void {
  const times = into.get(deviceId) ?? new Map<number, number>()
  times.set(ts, (times.get(ts) ?? 0) + 1)
  into.set(deviceId, times)
}

/** Acknowledged by the hub and nowhere on its disk: must be empty. */
export function lost(oracle: readonly OracleEntry[], stored: Evidence['readings']): string[] {
  const missing: string[] = []
  for (const { username, acknowledged } of oracle) {
    const times = stored.get(username)
    for (const ts of acknowledged.timestamps()) if (times?.has(ts) !== true) missing.push(`${username} ${ts}`)
  }
  return missing
}

/** On the disk and never sent: must be empty. */
export function invented(oracle: readonly OracleEntry[], stored: Evidence['readings']): string[] {
  const found: string[] = []
  for (const { username, acknowledged, unacknowledged } of oracle) {
    const sent = new Set([...acknowledged.timestamps(), ...unacknowledged])
    for (const ts of stored.get(username)?.keys() ?? []) if (!sent.has(ts)) found.push(`${username} ${ts}`)
  }
  return found
}
