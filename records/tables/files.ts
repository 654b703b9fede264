// Files beside the ledger: the content lies in a folder under its own hash, a row says whose it is.

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

export interface FileTables {
  file: FileTable
}
