// Where a store of numbers leaves what is text. The ledger has it.
import type { ReadingQueries, StoredEvent } from './port.ts'

export interface EventLog extends Pick<ReadingQueries, 'events'> {
  /** Durable when it resolves. One that is there already (device, ts, type, name) stays as it is. */
  add(events: readonly StoredEvent[]): Promise<void>
  /** Drops those before `before`, and from those before `personsBefore` who opened the door; sample times, ms. */
  retain(before: number, personsBefore: number): Promise<void>
}
