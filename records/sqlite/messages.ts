// What the event loop and a ledger thread say to each other.
import type { SqlValue } from '../bindable.ts'

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
