// What the store must hold: every sample that was acknowledged, each of its metrics, and each of them once.

/** By device and metric: the times that are stored, as often as they are stored. */
export type StoredTimes = ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>

export interface StoreFaults {
  readonly missing: string[]
  readonly doubled: string[]
  /** Stored and never sent. */
  readonly invented: string[]
}

/** `acknowledged`, `sent`: sample times by device; what was sent without a PUBACK may be there or not. */
export function judgeStore(
  metrics: readonly string[],
  acknowledged: ReadonlyMap<string, readonly number[]>,
  sent: ReadonlyMap<string, readonly number[]>,
  stored: StoredTimes,
): StoreFaults {
  const faults: StoreFaults = { missing: [], doubled: [], invented: [] }
  for (const [deviceId, times] of acknowledged) {
    const possible = new Set(sent.get(deviceId))
    for (const metric of metrics) {
      const name = `${deviceId} ${metric}`
      const found = new Set<number>()
      for (const ts of stored.get(deviceId)?.get(metric) ?? []) {
        if (found.has(ts)) faults.doubled.push(`${name} ${ts}`)
        else if (!possible.has(ts)) faults.invented.push(`${name} ${ts}`)
        found.add(ts)
      }
      for (const ts of times) if (!found.has(ts)) faults.missing.push(`${name} ${ts}`)
    }
  }
  return faults
}
