// What the hub watches about itself: the evidence of `hub.no_desk`, `hub.disk`, `hub.store` and `hub.bridge`. The rules' delays
// are the engine's.
import { statfs } from 'node:fs/promises'

export type HubRuleId = 'hub.no_desk' | 'hub.disk' | 'hub.store' | 'hub.bridge'

/** `channel`: the name of a bridge; '' where there is one of its kind. */
type Raise = (ruleId: HubRuleId, active: boolean, value: number | null, channel: string) => void

/** Tells the engine of changes only; the first word after a start always counts, whatever the ledger remembers. */
export class Conditions {
  private readonly last = new Map<string, boolean>()
  private readonly raise: Raise

  constructor(raise: Raise) {
    this.raise = raise
  }

  set(ruleId: HubRuleId, active: boolean, value: number | null = null, channel = ''): void {
    const what = `${ruleId} ${channel}`
    if (this.last.get(what) === active) return
    this.last.set(what, active)
    this.raise(ruleId, active, value, channel)
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
