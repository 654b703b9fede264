// What the processes of the scaled-out form share beside the ledger itself. PostgreSQL only.
import type { Generated } from 'kysely'

export interface PartTable {
  partition: number
  /** The fence: rises with every change of owner. */
  epoch: number
  owner: string | null
  /** End of the lease by the database's clock, ms. */
  until: number
  /** Positions in the partition's stream. */
  decided: number
  stored: number
}

export interface AnswerTable {
  request_id: string
  /** By the database's clock, ms. */
  at: number
  body: string
}

export interface LedgerChangeTable {
  seq: number
  /** By the database's clock, ms. */
  at: number
  what: string
  id: string
}

export interface SetAsideTable {
  id: Generated<number>
  partition: number
  position: number
  at: number
  problem: string
  device_id: string
  sample: string
}

export interface DutyTable {
  name: string
  holder: string
  /** End of the lease by the database's clock, ms. */
  until: number
  mark: number | null
}

/** The content of a file in pieces, under its own SHA-256. */
export interface ContentPieceTable {
  sha256: string
  /** 0, 1, 2 … */
  piece: number
  /** When it was last given, by the database's clock, ms. */
  at: number
  bytes: Uint8Array
}

export interface ClusterTables {
  part: PartTable
  answer: AnswerTable
  ledger_change: LedgerChangeTable
  set_aside: SetAsideTable
  duty: DutyTable
  content_piece: ContentPieceTable
}
