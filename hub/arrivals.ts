// Devices that came into service, on their way to the ledger.
import type { Logger } from 'pino'
import type { Ledger } from '../records/ledger.ts'

/**
 * One write at a time, with all that came meanwhile: when a county comes into service at once, its alarms do not queue behind
 * ten thousand writes.
 */
export class Arrivals {
  private readonly records: Pick<Ledger['devices'], 'heard'>
  private readonly log: Logger
  private waiting: string[] = []
  private writing = false

  constructor(records: Pick<Ledger['devices'], 'heard'>, log: Logger) {
    this.records = records
    this.log = log
  }

  add(deviceId: string): void {
    this.waiting.push(deviceId)
    if (!this.writing) void this.write()
  }

  private async write(): Promise<void> {
    this.writing = true
    while (this.waiting.length > 0) {
      const ids = this.waiting
      this.waiting = []
      try {
        await this.records.heard(ids)
      } catch (error) {
        // Their messages are stored all the same, and the next start of the hub marks them again.
        this.log.warn({ err: error, devices: ids.length }, 'that devices came into service was not written down')
      }
    }
    this.writing = false
  }
}
