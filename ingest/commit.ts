// Makes a batch durable: readings and journal side by side, in one step that fails or succeeds as a whole for the caller.
import type { Transition } from '../contract/alarms.ts'
import { JOURNAL_BATCH } from '../records/ledger.ts'
import type { CommittedTransition, DeviceState, Journal, JournalBatch, JournalEntry } from '../records/ledger.ts'
import type { Batch, StreamAnswer } from './batch.ts'
import type { Runtime } from './devices.ts'
import type { StateFlush } from './flush.ts'
import type { FaultPoint } from './ports.ts'
import type { ReadingStore } from './readings/port.ts'

/** What became of one entry of the batch. */
export type Committed = (entry: JournalEntry) => Transition

export interface Commit {
  /** The journal has taken all of it, and screens have heard (G2). */
  readonly journalled: Promise<Committed>
  /** All of it is durable: acknowledgements may go out (G1). By the end of it neither write is under way any more. */
  readonly done: Promise<void>
}

export interface CommitParts {
  readonly readings: Pick<ReadingStore, 'append'>
  readonly journal: Pick<Journal, 'append'>
  readonly flush: StateFlush
  readonly faultPoint: ((point: FaultPoint) => void) | undefined
  /** Resolves when the journal has taken the batch before; rejects when it has not. */
  readonly before: Promise<unknown>
  /** Called with each part of the batch that the journal has taken: the first of many alarms does not wait for the last. */
  readonly tell: (committed: readonly CommittedTransition[]) => void
}

/**
 * Writes the batch, the states of the devices it changed, and a slice of quiet devices' states (`all`: the whole rest).
 *
 * The states are decided on top of the batch before: the journal takes them only after that one, or never. Else a state
 * would know an alarm whose transition is not in the ledger.
 */
export function commit(batch: Batch, parts: CommitParts, all: boolean): Commit {
  const { readings, journal, flush, faultPoint, before, tell } = parts
  faultPoint?.('pipeline.before_writes')
  const stored = batch.inputs.length > 0 ? readings.append(batch.inputs) : null
  faultPoint?.('pipeline.readings_started')
  for (const runtime of batch.changed) flush.written(runtime)
  const quiet = flush.take(all)
  batch.checkpoint = quiet.checkpoint
  const parcels = journalParcels(batch, quiet)
  const journalled = before.then(async () => {
    const committed: CommittedTransition[] = []
    // One after another: after a failure none is under way, and others' writes get their turn in between.
    for (const parcel of parcels) {
      const taken = await journal.append(parcel)
      faultPoint?.('pipeline.journal_committed')
      committed.push(...taken.committed)
      if (taken.committed.length > 0) tell(taken.committed)
    }
    const entries = parcels.flatMap((parcel) => parcel.entries)
    return (entry: JournalEntry) => (committed[entries.indexOf(entry)] as CommittedTransition).transition
  })
  faultPoint?.('pipeline.journal_started')
  const kept = stored?.then(() => faultPoint?.('pipeline.readings_committed'))
  const done = (async (): Promise<void> => {
    const [first, second, ...others] = await Promise.allSettled([kept, journalled, ...batch.writes])
    for (const settled of [first, second, ...others]) if (settled.status === 'rejected') throw settled.reason as Error
    faultPoint?.('pipeline.both_committed')
  })()
  return { journalled, done }
}

/**
 * One parcel, or several when many devices raise at once. A parcel is one transaction: a device's transitions and its
 * state are never apart, or a crash between them would lose what the state already knows.
 */
export function journalParcels(
  batch: Pick<Batch, 'entries' | 'changed' | 'answers'>,
  quiet: { readonly runtimes: readonly Runtime[]; readonly checkpoint: number | null },
): JournalBatch[] {
  const quietStates = quiet.runtimes.map(stateRow)
  const { checkpoint } = quiet
  if (batch.entries.length <= JOURNAL_BATCH) {
    const states = [...[...batch.changed].map(stateRow), ...quietStates]
    return batch.entries.length + states.length + batch.answers.length > 0 || checkpoint !== null
      ? [withAnswers({ entries: batch.entries, states, checkpoint }, batch.answers)]
      : []
  }
  const entriesOf = Map.groupBy(batch.entries, ({ transition }) => transition.alarm.deviceId)
  const parcels: { entries: JournalEntry[]; states: DeviceState[]; checkpoint: number | null }[] = []
  for (const runtime of batch.changed) {
    let parcel = parcels.at(-1)
    if (parcel === undefined || parcel.entries.length >= JOURNAL_BATCH)
      parcels.push((parcel = { entries: [], states: [], checkpoint: null }))
    const { deviceId } = runtime.profile
    parcel.entries.push(...(entriesOf.get(deviceId) ?? []))
    entriesOf.delete(deviceId)
    parcel.states.push(stateRow(runtime))
  }
  // What people wrote on alarms that are over changes no device's state.
  parcels.push({ entries: [...entriesOf.values()].flat(), states: quietStates, checkpoint })
  return parcels.map((parcel, index) => {
    const ofParcel = ({ entry }: StreamAnswer): boolean =>
      entry === null ? index === parcels.length - 1 : parcel.entries.includes(entry)
    return withAnswers(parcel, batch.answers.filter(ofParcel))
  })
}

/** Each answer goes with what it tells of. */
function withAnswers(parcel: JournalBatch, answers: readonly StreamAnswer[]): JournalBatch {
  if (answers.length === 0) return parcel
  return {
    ...parcel,
    answers: answers.map(({ requestId, entry, body }) => {
      const index = entry === null ? -1 : parcel.entries.indexOf(entry)
      return { requestId, body: (committed) => body(committed[index]?.transition ?? null) }
    }),
  }
}

const stateRow = ({ profile, state }: Runtime): DeviceState => ({
  deviceId: profile.deviceId,
  position: state.position,
  state: JSON.stringify(state),
})
