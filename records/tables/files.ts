// Files beside the ledger: the content lies in a folder under its own hash, a row says whose it is. And erased persons.

export interface FileTable {
  id: string
  subject_type: string
  subject_id: string
  name: string
  type: string
  bytes: number
  /** Of the content, hex: also its name on disk. Several rows may share one. */
  sha256: string
  by_id: string
  at: number
}

/** A user whose name goes from the journal: it is gone up to `done_seq`. */
export interface ErasureTable {
  user_id: string
  at: number
  done_seq: number
}

export interface FileTables {
  file: FileTable
  erasure: ErasureTable
}
