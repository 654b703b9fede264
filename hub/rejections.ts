// Samples of rejected payloads on their way to the ledger: gathered, bounded, written once a second. They explain what
// the counters count; losing some under a flood loses no count.
import type { Logger } from 'pino'
import type { NewRejection, Rejections as RejectionRecords } from '../records/ledger.ts'

const WRITE_EVERY_MS = 1_000
/** Newest samples of one device that wait; the ledger keeps 20. */
const PER_DEVICE = 20
const DEVICES = 1_000

export class RejectionSamples {
  private waiting = new Map<string, NewRejection[]>()
  private timer: NodeJS.Timeout | null = null
  private readonly records: Pick<RejectionRecords, 'add'>
  private readonly log: Logger

  constructor(records: Pick<RejectionRecords, 'add'>, log: Logger) {
    this.records = records
    this.log = log
  }

  take(samples: readonly NewRejection[]): void {
    for (const sample of samples) {
      const known = this.waiting.get(sample.deviceId)
      if (known === undefined && this.waiting.size >= DEVICES) continue
      const list = known ?? []
      list.push(sample)
      if (list.length > PER_DEVICE) list.shift()
      if (known === undefined) this.waiting.set(sample.deviceId, list)
    }
    this.timer ??= setTimeout(() => void this.write(), WRITE_EVERY_MS)
  }

  /** Writes what waits. */
  async write(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    const rows = [...this.waiting.values()].flat()
    this.waiting = new Map()
    if (rows.length === 0) return
    try {
      await this.records.add(rows)
    } catch (error) {
      this.log.warn({ err: error, samples: rows.length }, 'samples of rejected payloads were not kept')
    }
  }
}
