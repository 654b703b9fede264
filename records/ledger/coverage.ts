// The register of coverage as the ledger's callers see it.
import type { Page } from '../../contract/http/common.ts'
import type { Coverage, Installs, MissingSite, Quota } from '../../contract/http/coverage.ts'
import type { ExpectationId } from '../../contract/expectations.ts'
import type { KindName } from '../../contract/kinds/kind.ts'
import type { Actor, PageQuery } from '../ledger.ts'
import type { Scope } from '../scope.ts'

export interface CoverageRegister {
  figures(scope: Scope, within: { readonly areaId?: string | undefined }): Promise<Coverage>
  /** One row for each thing that a site lacks, by place. */
  missing(
    scope: Scope,
    query: PageQuery & { readonly expectation?: ExpectationId | undefined; readonly areaId?: string | undefined },
  ): Promise<Page<MissingSite>>
  installs(scope: Scope, year: number, kind: KindName): Promise<Installs>
  setQuota(actor: Actor, quota: Quota): Promise<void>
}
