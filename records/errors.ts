// Why the ledger refused. The word is the HTTP error code of the same meaning; the message is shown as it is.
import type { ErrorCode } from '../contract/errors.ts'
import type { Bilingual } from '../contract/rules.ts'

export class LedgerError extends Error {
  override readonly name = 'LedgerError'
  readonly code: ErrorCode
  readonly text: Bilingual
  /** `line` of an import (physical, header = 1), `field`, or the `reason` of a refusal. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, text: Bilingual, details: Readonly<Record<string, unknown>> = {}) {
    super(`${text.zh} ${text.en}`)
    this.code = code
    this.text = text
    this.details = details
  }
}

export type UnusableReason = 'in_use' | 'newer' | 'damaged' | 'no_key' | 'unreachable'

/** The ledger cannot be opened as things are; nothing was changed. `text` says what to do. */
export class LedgerUnusable extends Error {
  override readonly name = 'LedgerUnusable'
  readonly reason: UnusableReason
  readonly text: Bilingual

  constructor(reason: UnusableReason, text: Bilingual, options?: ErrorOptions) {
    super(`${text.zh} ${text.en}`, options)
    this.reason = reason
    this.text = text
  }
}
