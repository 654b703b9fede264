// Search everywhere, as its callers see it.
import type { SearchGroup, SearchResult } from '../../contract/http/search.ts'
import type { Scope } from '../scope.ts'

export interface Search {
  /** Only the groups that are asked for; people are not cut to a scope: ask for them for those who may read them. */
  find(scope: Scope, q: string, limit: number, groups: readonly SearchGroup[]): Promise<SearchResult>
}
