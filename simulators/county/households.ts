// Who lives in the rental houses of the demonstration, and what is said of every site. Tenants are 甲, 乙, 丙 …: no names.
import type { createBuildingSchema, createLeaseSchema } from '../../contract/http/rentals.ts'
import type { updateSiteSchema } from '../../contract/http/sites.ts'
import type { RiskGrade, SiteCategory } from '../../contract/site-profile.ts'
import { between, pick, seedOf, uniform } from '../random.ts'
import type { Given } from '../registry.ts'
import { storeysOf } from './inventory.ts'
import type { CountySite, SiteSort } from './inventory.ts'

const STEMS = '甲乙丙丁戊己庚辛壬癸'
const DAY = 86_400_000

/** Of ten rooms this many are let. */
const LET = 0.8

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

export interface Tenancy {
  readonly room: string
  readonly lease: Given<typeof createLeaseSchema>
}
export interface Household {
  readonly building: Given<typeof createBuildingSchema>
  readonly tenancies: readonly Tenancy[]
}

export const houseNumberOf = (site: Pick<CountySite, 'name'>): number => Number(/^槐荫 (\d+) 号$/.exec(site.name)?.[1])

/** `at`: wall time, ms; leases began before it. */
export function householdOf(seed: number, house: number, at: number): Household {
  const { floors, perFloor } = storeysOf(seed, house)
  const own = seedOf(seed, `household ${house}`)
  const tenancies: Tenancy[] = []
  for (let n = 0; n < floors * perFloor; n++) {
    if (uniform(own, n) >= LET) continue
    const floor = 1 + Math.floor(n / perFloor)
    const since = at - Math.floor(between(own, 1_000 + n, 10, 700)) * DAY
    tenancies.push({
      room: `${floor}${String(1 + (n % perFloor)).padStart(2, '0')}`,
      lease: {
        tenant: {
          name: `租客${STEMS[n % STEMS.length]}`,
          phone: `138-0000-00${String(20 + (n % 80)).padStart(2, '0')}`,
          people: uniform(own, 2_000 + n) < 0.7 ? 1 : 2,
        },
        from: dayOf(since),
        until: uniform(own, 3_000 + n) < 0.8 ? dayOf(at + Math.floor(between(own, 4_000 + n, 20, 300)) * DAY) : null,
      },
    })
  }
  const building = {
    floors: { from: 1, to: floors },
    perFloor,
    pattern: '{floor}{nn}',
    area: Math.round(between(own, 5_000, 9, 18)),
    powerLimitW: pick(own, 5_001, [1_500, 2_000, 2_500]),
    maxPeople: 2,
  }
  return { building, tenancies }
}

const CATEGORY: Readonly<Record<SiteSort, SiteCategory>> = {
  rental: 'rental_house',
  catering: 'catering',
  enterprise: 'enterprise',
  small: 'small_premises',
}
/** Shares of 红, 橙, 黄 by what a place is; the rest is 蓝. */
const RISKS: Readonly<Record<SiteSort, readonly [number, number, number]>> = {
  rental: [0, 0.1, 0.5],
  catering: [0.05, 0.3, 0.5],
  enterprise: [0.03, 0.12, 0.4],
  small: [0, 0.05, 0.3],
}

function riskOf(seed: number, { sort, name }: CountySite): RiskGrade {
  const draw = uniform(seedOf(seed, `risk ${name}`), 1)
  const [red, orange, yellow] = RISKS[sort]
  if (draw < red) return 1
  if (draw < red + orange) return 2
  return draw < red + orange + yellow ? 3 : 4
}

/** `at`: wall time, ms. `closed`: its devices were never started, so that 停产停业 is kept. */
export function profileOf(
  seed: number,
  site: CountySite,
  at: number,
  { closed, hasGas, ebikes }: { readonly closed: boolean; readonly hasGas: boolean; readonly ebikes: boolean },
): Given<typeof updateSiteSchema> {
  const risk = riskOf(seed, site)
  const since = dayOf(at - 12 * DAY)
  const regime = closed
    ? { name: 'suspended' as const, since, until: dayOf(at + 18 * DAY), basis: '示安委办〔2026〕17 号' }
    : risk === 1 && site.sort === 'enterprise'
      ? { name: 'stationed' as const, since, basis: '示安委办〔2026〕15 号' }
      : null
  return {
    category: CATEGORY[site.sort],
    risk,
    facilities: [...(hasGas ? (['gas'] as const) : []), ...(ebikes ? (['ebike_charging'] as const) : [])],
    ...(regime === null ? {} : { regime }),
  }
}
