// What the event loop and a ledger thread say to each other.

/** What SQLite can hold. Everything else binds as NULL or as another type without an error, so it never gets that far. */
export type SqlValue = null | number | bigint | string | Uint8Array

export interface ThreadSettings {
  readonly file: string
  readonly readOnly: boolean
}

export type Request =
  | { readonly type: 'query'; readonly sql: string; readonly parameters: readonly SqlValue[] }
  | { readonly type: 'begin' | 'commit' | 'rollback' | 'close' }

export interface QueryAnswer {
  readonly rows: unknown[]
  /** Rows changed; null for a query that answers rows. */
  readonly changes: number | null
}

export type ToThread = Request & { readonly id: number }
export type FromThread =
  | { readonly id: number; readonly answer: QueryAnswer }
  | { readonly id: number; readonly error: Error; readonly code: string | null }
