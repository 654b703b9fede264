// Inspections as the ledger's callers see them.
import type { Page } from '../../contract/http/common.ts'
import type { Inspection, InspectionQuery, NewInspection } from '../../contract/http/inspections.ts'
import type { Actor } from '../ledger.ts'
import type { Scope } from '../scope.ts'

export interface Inspections {
  /** Newest first. */
  list(scope: Scope, query: InspectionQuery): Promise<Page<Inspection>>
  get(scope: Scope, id: string): Promise<Inspection | null>
  /** A recheck must be of an inspection of the same site that left a hazard. */
  create(actor: Actor, siteId: string, inspection: NewInspection): Promise<Inspection>
  /** 上报 to the county; a second time it changes nothing. */
  report(actor: Actor, id: string): Promise<Inspection>
}
