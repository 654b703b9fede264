// What is owed to a person about their data, as the ledger's callers see it.
import type { ErasedPerson, EraseReason, FoundPerson, PersonPackage } from '../../contract/http/privacy.ts'
import type { Actor } from '../ledger.ts'

export interface Privacy {
  /** By a part of the name, or the number. The search is audited, without what was searched for. */
  find(actor: Actor, q: string): Promise<FoundPerson[]>
  /** All that is kept; the audit of it is durable before it is answered. */
  export(actor: Actor, ref: string): Promise<PersonPackage>
  /** Refused with the reason where a duty keeps it. Names in the journal go in steps, after a crash too. */
  erase(actor: Actor, ref: string, reason: EraseReason): Promise<ErasedPerson>
}
