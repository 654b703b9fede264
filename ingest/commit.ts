// Makes a batch durable: readings and journal side by side, in one step that fails or succeeds as a whole for the caller.
import type { CommittedTransition, DeviceState, Journal } from '../records/ledger.ts'
import type { Batch } from './batch.ts'
import type { Runtime } from './devices.ts'
import type { StateFlush } from './flush.ts'
import type { FaultPoint } from './ports.ts'
import type { ReadingStore } from './readings/port.ts'

export interface CommitParts {
  readonly readings: Pick<ReadingStore, 'append'>
  readonly journal: Pick<Journal, 'append'>
  readonly flush: StateFlush
  readonly faultPoint: ((point: FaultPoint) => void) | undefined
}

/**
 * Writes the batch, the states of the devices it changed, and a slice of quiet devices' states (`all`: the whole rest).
 * Rejects when any of it may not be durable; by then neither write is under way any more.
 */
export async function commit(batch: Batch, parts: CommitParts, all: boolean): Promise<readonly CommittedTransition[]> {
  const { readings, journal, flush, faultPoint } = parts
  faultPoint?.('pipeline.before_writes')
  const stored = batch.inputs.length > 0 ? readings.append(batch.inputs) : null
  faultPoint?.('pipeline.readings_started')
  for (const runtime of batch.changed) flush.written(runtime)
  const quiet = flush.take(all)
  batch.checkpoint = quiet.checkpoint
  const states = [...batch.changed, ...quiet.runtimes].map(stateRow)
  const journalled =
    states.length > 0 || quiet.checkpoint !== null
      ? journal.append({ entries: batch.entries, states, checkpoint: quiet.checkpoint })
      : null
  faultPoint?.('pipeline.journal_started')
  const [first, second] = await Promise.allSettled([
    stored?.then(() => faultPoint?.('pipeline.readings_committed')),
    journalled?.then((done) => {
      faultPoint?.('pipeline.journal_committed')
      return done
    }),
  ])
  if (first.status === 'rejected') throw first.reason as Error
  if (second.status === 'rejected') throw second.reason as Error
  faultPoint?.('pipeline.both_committed')
  return second.value?.committed ?? []
}

const stateRow = ({ profile, state }: Runtime): DeviceState => ({
  deviceId: profile.deviceId,
  position: state.position,
  state: JSON.stringify(state),
})
