// What the hub watches about itself: the evidence of `hub.no_desk`, `hub.disk` and `hub.store`. The rules' delays are
// the engine's.
import { statfs } from 'node:fs/promises'

export type HubRuleId = 'hub.no_desk' | 'hub.disk' | 'hub.store'

/** Tells the engine of changes only; the first word after a start always counts, whatever the ledger remembers. */
export class Conditions {
  private readonly last = new Map<HubRuleId, boolean>()
  private readonly raise: (ruleId: HubRuleId, active: boolean, value: number | null) => void

  constructor(raise: (ruleId: HubRuleId, active: boolean, value: number | null) => void) {
    this.raise = raise
  }

  set(ruleId: HubRuleId, active: boolean, value: number | null = null): void {
    if (this.last.get(ruleId) === active) return
    this.last.set(ruleId, active)
    this.raise(ruleId, active, value)
  }
}

/** Free space below both of these is too little: a tenth of the disk, and 20 GB. Below 2 GB it always is. */
const SHORT_SHARE = 0.1
const SHORT_GB = 20
const ALWAYS_SHORT_GB = 2

/** Free space of the file system that holds `directory`, and whether that is too little. */
export async function diskSpace(
  directory: string,
): Promise<{ freeBytes: number; totalBytes: number; freeGb: number; short: boolean }> {
  const { bavail, blocks, bsize } = await statfs(directory)
  const freeGb = (bavail * bsize) / 1e9
  const share = bavail / blocks
  return {
    freeBytes: bavail * bsize,
    totalBytes: blocks * bsize,
    freeGb: Math.round(freeGb * 10) / 10,
    short: freeGb < ALWAYS_SHORT_GB || (freeGb < SHORT_GB && share < SHORT_SHARE),
  }
}
