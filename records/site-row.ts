// A site's row, and the site as its viewers see it.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Contact } from '../contract/http/places.ts'
import type { Coordinates, Insurance, Site, SiteRegime } from '../contract/http/sites.ts'
import type { Facility, Regime, RiskGrade, SiteCategory } from '../contract/site-profile.ts'
import { areaPaths, NOWHERE } from './areas.ts'
import type { SiteProfile } from './ledger/places.ts'
import { folded, pinyinText } from './pinyin.ts'
import { withinScope } from './scope.ts'
import type { Scope } from './scope.ts'
import { newId } from './store.ts'
import type { SiteTable, Tables } from './tables.ts'

/** What the column `profile` holds: all that no list is narrowed by. */
interface StoredProfile {
  readonly since?: string | null
  readonly until?: string | null
  readonly basis?: string
  readonly responsible?: Contact | null
  readonly coordinates?: Coordinates | null
  readonly insurance?: Insurance | null
  readonly facilities?: readonly Facility[]
}

export const UNDER_NO_ORDER: SiteRegime = { name: 'normal', since: null, until: null, basis: '' }

export function profileColumns(profile: SiteProfile): Pick<SiteTable, 'category' | 'risk' | 'regime' | 'profile'> {
  const { category = null, risk = null, regime = UNDER_NO_ORDER } = profile
  const { responsible = null, coordinates = null, insurance = null, facilities = [] } = profile
  const { name, since, until, basis } = regime
  const stored: StoredProfile = { since, until, basis, responsible, coordinates, insurance, facilities }
  return { category, risk, regime: name, profile: JSON.stringify(stored) }
}

export function profileOfRow(row: Pick<SiteTable, 'category' | 'risk' | 'regime' | 'profile'>) {
  const stored = JSON.parse(row.profile) as StoredProfile
  const { since = null, until = null, basis = '' } = stored
  const { responsible = null, coordinates = null, insurance = null, facilities = [] } = stored
  return {
    category: row.category as SiteCategory | null,
    risk: row.risk as RiskGrade | null,
    regime: { name: row.regime as Regime, since, until, basis },
    responsible,
    coordinates,
    insurance,
    facilities: [...facilities],
  }
}

export function newSiteRow(
  site: { readonly name: string; readonly areaId: string; readonly areaNames: readonly string[] },
  contacts: readonly Contact[],
  now: number,
  profile: SiteProfile = {},
): SiteTable {
  return {
    id: newId(),
    name: site.name,
    area_id: site.areaId,
    contacts: JSON.stringify(contacts),
    ...siteSearchColumns(site.areaNames, site.name),
    created_at: now,
    ...profileColumns(profile),
  }
}

export function siteSearchColumns(areaNames: readonly string[], name: string): Pick<SiteTable, 'search' | 'pinyin'> {
  return { search: folded([...areaNames, name].join('/')), pinyin: pinyinText([name, ...areaNames]) }
}

export async function findSite(db: Kysely<Tables>, scope: Scope, id: string): Promise<Site | null> {
  const rows = await db
    .selectFrom('site')
    .selectAll('site')
    .where('site.id', '=', id)
    .where(withinScope(scope, sql.ref('site.id'), sql.ref('site.area_id')))
    .execute()
  return (await siteViews(db, rows))[0] ?? null
}

export async function siteViews(db: Kysely<Tables>, rows: readonly SiteTable[]): Promise<Site[]> {
  if (rows.length === 0) return []
  const paths = await areaPaths(
    db,
    rows.map((row) => row.area_id),
  )
  const counts = await db
    .selectFrom('device')
    .select((eb) => ['site_id', eb.fn.countAll<number>().as('devices')])
    .where(
      'site_id',
      'in',
      rows.map((row) => row.id),
    )
    .groupBy('site_id')
    .execute()
  const devices = new Map(counts.map((row) => [row.site_id, row.devices]))
  return rows.map((row) => {
    const area = paths.get(row.area_id) ?? NOWHERE
    return {
      id: row.id,
      name: row.name,
      areaId: row.area_id,
      area: [...area.names],
      areaIds: [...area.ids],
      contacts: JSON.parse(row.contacts) as Contact[],
      ...profileOfRow(row),
      devices: devices.get(row.id) ?? 0,
      createdAt: row.created_at,
    }
  })
}
