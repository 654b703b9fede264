// What a manager alone is asked.

export interface PromptTable {
  id: string
  /** Whom it is put to: nobody else sees it. */
  user_id: string
  site_id: string
  device_id: string
  type: string
  /** PromptEvidence */
  evidence: string
  asked_at: number
  answer: string | null
  answered_at: number | null
}

export interface PromptTables {
  prompt: PromptTable
}
