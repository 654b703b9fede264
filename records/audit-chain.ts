// How audit rows are chained: each hash covers the previous one and its own row, so that a row that is edited, removed
// or slipped in breaks every hash after it, and the head row gives away a cut-off end.
import { createHash } from 'node:crypto'

/** The hash before the first row. */
export const FIRST_HASH = '0'.repeat(64)

export interface ChainedFields {
  readonly seq: number
  readonly at: number
  readonly actor_id: string
  readonly address: string
  readonly action: string
  readonly subject: string
  /** JSON text, as stored. */
  readonly fields: string
}

export function chainHash(previous: string, row: ChainedFields): string {
  const canonical = JSON.stringify([row.seq, row.at, row.actor_id, row.address, row.action, row.subject, row.fields])
  return createHash('sha256').update(previous).update(canonical).digest('hex')
}
