// What a site ought to have: one row a device kind and a sort of site. Every row is this project's recommendation until a county
// states its own; the public ids are never renamed.
import type { KindName } from './kinds/names.ts'
import type { Bilingual } from './rules.ts'
import type { Facility, SiteCategory } from './site-profile.ts'

export interface Expectation {
  readonly id: string
  readonly label: Bilingual
  readonly kind: KindName
  /** Of these categories, and with this facility: what is named must hold. */
  readonly of: { readonly categories?: readonly SiteCategory[]; readonly facility?: Facility }
  readonly provenance: { readonly mark: 'REC'; readonly note: Bilingual }
}

const recommended = (zh: string, en: string): Expectation['provenance'] => ({ mark: 'REC', note: { zh, en } })

export const EXPECTATIONS = [
  {
    id: 'gas',
    label: { zh: '用气场所装燃气报警', en: 'Gas alarm where gas is used' },
    kind: 'gas',
    of: { facility: 'gas' },
    provenance: recommended(
      '使用燃气的工商户、餐饮和出租房厨房',
      'Businesses, kitchens and rental houses that use gas',
    ),
  },
  {
    id: 'rental_electricity',
    label: { zh: '出租房装智慧用电', en: 'Electricity set in rental houses' },
    kind: 'electricity',
    of: { categories: ['rental_house'] },
    provenance: recommended('出租房试点的做法', 'As in the pilot of rental houses'),
  },
  {
    id: 'rental_access',
    label: { zh: '出租房装智慧门禁', en: 'Access control in rental houses' },
    kind: 'access',
    of: { categories: ['rental_house'] },
    provenance: recommended('出租房试点的做法', 'As in the pilot of rental houses'),
  },
  {
    id: 'rental_smoke',
    label: { zh: '出租房装烟感', en: 'Smoke detector in rental houses' },
    kind: 'smoke',
    of: { categories: ['rental_house'] },
    provenance: recommended('卧室和公共走道', 'Bedrooms and shared corridors'),
  },
  {
    id: 'business_electricity',
    label: { zh: '企业、餐饮装智慧用电', en: 'Electricity set in enterprises and catering' },
    kind: 'electricity',
    of: { categories: ['enterprise', 'catering'] },
    provenance: recommended('总进线一台', 'One at the incoming line'),
  },
  {
    id: 'premises_smoke',
    label: { zh: '九小和公共场所装烟感', en: 'Smoke detector in small premises and public places' },
    kind: 'smoke',
    of: { categories: ['small_premises', 'public_place'] },
    provenance: recommended('每个场所至少一只', 'At least one a place'),
  },
  {
    id: 'charging',
    label: { zh: '充电场所装智慧充电桩', en: 'Smart charger where e-bikes charge' },
    kind: 'charger',
    of: { facility: 'ebike_charging' },
    provenance: recommended('电动自行车集中充电处', 'Where e-bikes are charged together'),
  },
] as const satisfies readonly Expectation[]
export type ExpectationId = (typeof EXPECTATIONS)[number]['id']
export const EXPECTATION_IDS = EXPECTATIONS.map(({ id }) => id) as [ExpectationId, ...ExpectationId[]]

export function isExpected(
  { of }: Expectation,
  site: { readonly category: SiteCategory | null; readonly facilities: readonly Facility[] },
): boolean {
  const { categories, facility } = of
  return (
    (categories === undefined || (site.category !== null && categories.includes(site.category))) &&
    (facility === undefined || site.facilities.includes(facility))
  )
}
