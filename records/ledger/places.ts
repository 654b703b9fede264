// Areas and sites as the ledger's callers see them.
import type { Page } from '../../contract/http/common.ts'
import type { Area, Contact, CountedArea } from '../../contract/http/places.ts'
import type { Coordinates, Insurance, Site, SiteFilter, SiteRegime } from '../../contract/http/sites.ts'
import type { Facility, RiskGrade, SiteCategory } from '../../contract/site-profile.ts'
import type { Actor, PageQuery } from '../ledger.ts'
import type { Scope } from '../scope.ts'

/** What is said of a site beside its name, place and contacts; absent: as before, or not said. */
export interface SiteProfile {
  readonly category?: SiteCategory | null | undefined
  readonly risk?: RiskGrade | null | undefined
  readonly regime?: SiteRegime | undefined
  readonly responsible?: Contact | null | undefined
  readonly coordinates?: Coordinates | null | undefined
  readonly insurance?: Insurance | null | undefined
  readonly facilities?: readonly Facility[] | undefined
}

export interface NewSite extends SiteProfile {
  readonly name: string
  /** `县/镇/村`; areas named for the first time are created. */
  readonly area: string
  readonly contacts?: readonly Contact[] | undefined
}
export interface SiteChange extends SiteProfile {
  readonly name?: string | undefined
  readonly area?: string | undefined
  readonly contacts?: readonly Contact[] | undefined
}

export interface AreaChange {
  readonly name?: string | undefined
  /** null: to the top. */
  readonly parentId?: string | null | undefined
}

export interface Places {
  /** The areas of a scope and those around its sites; names of larger ones come with each `path`. */
  areas(scope: Scope): Promise<Area[]>
  /** The same with what lies in each and below, as far as the scope goes. */
  countedAreas(scope: Scope): Promise<CountedArea[]>
  ensureArea(actor: Actor, path: string): Promise<Area>
  /** Renames or moves; refused into itself, too deep, or beside another of its name. */
  updateArea(actor: Actor, id: string, change: AreaChange): Promise<Area>
  /** Its sites and smaller areas go into another, and so do scopes that name it. What happened in it is found there. */
  mergeArea(actor: Actor, id: string, into: string): Promise<Area>
  sites(scope: Scope, query: PageQuery & SiteFilter): Promise<Page<Site>>
  site(scope: Scope, id: string): Promise<Site | null>
  createSite(actor: Actor, site: NewSite): Promise<Site>
  updateSite(actor: Actor, id: string, change: SiteChange): Promise<Site>
  /** Refused while devices or inspections are there. */
  deleteSite(actor: Actor, id: string): Promise<void>
}
