// Which transitions were painted, for `alarm:shown`: the evidence that they were seen. Each is reported once.
import type { Alarm } from '../../../../contract/alarms.ts'

/** Largest batch the feed takes. */
const BATCH = 500

export class PaintLog {
  /** alarm id → newest sequence reported. */
  readonly #reported = new Map<string, number>()
  #waiting: number[] = []

  /** Rows that are on the screen now; returns those painted for the first time in this state. */
  painted(alarms: readonly Alarm[]): Alarm[] {
    const fresh = alarms.filter((alarm) => this.#reported.get(alarm.id) !== alarm.seq)
    for (const alarm of fresh) {
      this.#reported.set(alarm.id, alarm.seq)
      this.#waiting.push(alarm.seq)
    }
    return fresh
  }

  /** What is due, in batches; empty afterwards. */
  drain(): number[][] {
    const batches: number[][] = []
    for (let start = 0; start < this.#waiting.length; start += BATCH)
      batches.push(this.#waiting.slice(start, start + BATCH))
    this.#waiting = []
    return batches
  }

  /** Forgets alarms that are over, so that a night's worth does not pile up. */
  keepOnly(open: (id: string) => boolean): void {
    for (const id of this.#reported.keys()) if (!open(id)) this.#reported.delete(id)
  }
}
