// What guards sign-in.

export interface SecondFactorTable {
  user_id: string
  /** TOTP secret in base32, sealed. */
  secret_sealed: string
  created_at: number
  /** null: begun, not in force. */
  confirmed_at: number | null
  /** The newest step of 30 s whose code was taken: it and those before are spent. */
  last_step: number
}

export interface RecoveryCodeTable {
  user_id: string
  /** SHA-256, hex. */
  hash: string
}

/** At most one a user: a new one is in the place of the old. */
export interface InvitationTable {
  user_id: string
  /** SHA-256, hex. */
  hash: string
  created_at: number
  ends_at: number
}

/** A browser in which that user has signed in. */
export interface KnownBrowserTable {
  /** SHA-256 of the cookie's value, hex. */
  hash: string
  user_id: string
  seen_at: number
}

export interface SignInTables {
  second_factor: SecondFactorTable
  recovery_code: RecoveryCodeTable
  invitation: InvitationTable
  known_browser: KnownBrowserTable
}
