// What is decided and waits to become durable together: inputs for the store, transitions for the journal, and the
// answers that follow the commit.
import type { Transition } from '../contract/alarms.ts'
import type { JournalEntry } from '../records/ledger.ts'
import { CountedPoints } from './counted.ts'
import type { Runtime } from './devices.ts'
import type { ActOutcome } from './ports.ts'
import type { StoredInput } from './readings/port.ts'

export type Done = (error?: Error) => void

/** Written with the batch, for whoever asked by way of a stream. */
export interface StreamAnswer {
  readonly requestId: string
  /** The request's own transition; null: it caused none. */
  readonly entry: JournalEntry | null
  /** `transition`: what became of the entry. */
  readonly body: (transition: Transition | null) => string
}

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
  readonly answers: StreamAnswer[] = []
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
    const { inputs, entries, dones, acts, answers } = this
    return inputs.length + entries.length + dones.length + acts.length + answers.length === 0
  }

  /** Nothing of it is durable: no PUBACK, no answer but the error. */
  fail(error: Error): void {
    for (const done of this.dones) done(error)
    for (const act of this.acts) act.reject(error)
  }
}
