// What is decided and waits to become durable together: inputs for the store, transitions for the journal, and the
// answers that follow the commit.
import type { JournalEntry } from '../records/ledger.ts'
import { CountedPoints } from './counted.ts'
import type { Runtime } from './devices.ts'
import type { ActOutcome } from './ports.ts'
import type { StoredInput } from './readings/port.ts'

export type Done = (error?: Error) => void

interface WaitingAct {
  /** The act's own transition. */
  readonly entry: JournalEntry
  readonly resolve: (outcome: ActOutcome) => void
  readonly reject: (error: Error) => void
}

export class Batch {
  readonly serial: number
  readonly inputs: StoredInput[] = []
  readonly entries: JournalEntry[] = []
  /** Devices with transitions in this batch: their state is written in the same transaction. */
  readonly changed = new Set<Runtime>()
  readonly dones: Done[] = []
  readonly acts: WaitingAct[] = []
  /** What is being written elsewhere and must be durable with the batch: answers to commands. */
  readonly writes: Promise<void>[] = []
  /** Alarms with a transition in this batch that nobody has heard of yet: an act that answers an older one is stale. */
  readonly alarms = new Set<string>()
  /** Data points that become stored with this batch. */
  readonly points = new CountedPoints()
  /** Set when this batch ends a round of state writing. */
  checkpoint: number | null = null

  constructor(serial: number) {
    this.serial = serial
  }

  get empty(): boolean {
    return this.inputs.length === 0 && this.entries.length === 0 && this.dones.length === 0 && this.acts.length === 0
  }

  /** Nothing of it is durable: no PUBACK, no answer but the error. */
  fail(error: Error): void {
    for (const done of this.dones) done(error)
    for (const act of this.acts) act.reject(error)
  }
}
