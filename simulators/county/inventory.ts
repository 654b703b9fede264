// What stands where in the demonstration county: 704 sites, 1,760 devices. Figures after seed 000 of its specification;
// the 44 kitchens with a gas detector each are borrowed for size.
import type { Contact } from '../../contract/http/places.ts'
import { access } from '../devices/access.ts'
import { electricity } from '../devices/electricity.ts'
import type { ElectricityProfile } from '../devices/electricity.ts'
import { gas } from '../devices/gas.ts'
import type { DeviceModel } from '../devices/model.ts'
import { smoke } from '../devices/smoke.ts'
import type { Incident } from '../incidents.ts'
import { between, pick, seedOf, uniform } from '../random.ts'
import type { SimulatedKind } from '../town.ts'
import { caretakerOf, PEOPLE } from './people.ts'
import { areaOfBusiness, businessName, PILOT_AREA } from './places.ts'

export const HOUSES = 152
export const CATERINGS = 44
export const ENTERPRISES = 300
export const SMALL_PLACES = 208

export type SiteSort = 'rental' | 'catering' | 'enterprise' | 'small'

export interface CountySite {
  readonly name: string
  /** `县/镇/村`. */
  readonly area: string
  readonly sort: SiteSort
  readonly contacts: readonly Contact[]
}

/** Builds the device with these incidents; `every` seconds between reports in place of its own interval. */
export type Build = (incidents: readonly Incident[], every?: number) => DeviceModel

export interface CountyDevice {
  readonly id: string
  readonly kind: SimulatedKind
  readonly name: string
  readonly site: CountySite
  /** On a mobile network, which drops now and then. */
  readonly isMobile: boolean
  readonly build: Build
}

/** Reports so often, s: rental houses and kitchens every minute, those whose data plan is small every five. */
const MINUTELY = 60
const FRUGAL = 300
const DAILY = 86_400
/** The story's own devices report so often. */
export const FEATURED_EVERY = 2

const two = (n: number): string => String(n).padStart(2, '0')
const three = (n: number): string => String(n).padStart(3, '0')
const four = (n: number): string => String(n).padStart(4, '0')

/** Two of five houses cook in a kitchen that all share: 60. */
const hasSharedKitchen = (house: number): boolean => house <= 150 && (house % 5 === 2 || house % 5 === 4)
/** Where the story needs a room's own circuit with a limit. */
export const ROOM_CIRCUIT = { house: 21, name: '205 室', limitW: 1_500 }

/** All of it, in the order in which it was installed; `featured` names those of the story. Pure in the seed. */
export function inventory(seed: number, featured: ReadonlySet<string>): CountyDevice[] {
  const devices: CountyDevice[] = []
  const serials: Record<string, number> = {}
  const nextId = (prefix: string, digits: (n: number) => string): string =>
    `${prefix}-${digits((serials[prefix] = (serials[prefix] ?? 0) + 1))}`

  const add = (
    site: CountySite,
    kind: SimulatedKind,
    id: string,
    place: string,
    every: number,
    model: (every: number, incidents: readonly Incident[]) => DeviceModel,
  ): void => {
    const name = `${site.name} ${place}`
    const own = featured.has(name) ? FEATURED_EVERY : every
    devices.push({
      id,
      kind,
      name,
      site,
      isMobile: kind === 'electricity' || kind === 'gas',
      build: (incidents, given = own) => model(given, incidents),
    })
  }
  const meter = (site: CountySite, place: string, every: number, profile: Partial<ElectricityProfile>): void => {
    const id = nextId('el', four)
    const circuit = circuitOf(id, seed, profile)
    add(site, 'electricity', id, place, every, (seconds, incidents) =>
      electricity({ ...circuit, reportEverySeconds: seconds }, seed, incidents),
    )
  }
  const gasDetector = (site: CountySite, place: string, use: 'household' | 'commercial'): void => {
    const id = nextId('gas', three)
    const gasKind = uniform(seedOf(seed, `gas ${id}`), 1) < 0.7 ? 'methane' : 'propane'
    add(site, 'gas', id, place, MINUTELY, (seconds, incidents) =>
      gas({ id, gas: gasKind, use, valve: 'manipulator', reportEverySeconds: seconds }, seed, incidents),
    )
  }

  for (let house = 1; house <= HOUSES; house++) rentalHouse(house, { seed, add, meter, gasDetector })
  for (let n = 0; n < CATERINGS; n++) {
    const site = business(seed, 'catering', n)
    meter(site, '总进线', MINUTELY, { phases: 3, ratedCurrentA: 63, load: 'kitchen', ...sunAt(seed, site) })
    meter(site, '厨房回路', MINUTELY, {
      position: 'secondary',
      ratedCurrentA: 40,
      load: 'kitchen',
      ...sunAt(seed, site),
    })
    gasDetector(site, '厨房', 'commercial')
  }
  for (let n = 0; n < ENTERPRISES; n++) {
    const site = business(seed, 'enterprise', n)
    // Damp grain stores leak more than others, and are still sound.
    const leakage = site.name.endsWith('粮油') ? { naturalLeakageMa: 120 } : {}
    meter(site, '总进线', FRUGAL, {
      phases: 3,
      ratedCurrentA: 100,
      load: 'workshop',
      ...leakage,
      ...sunAt(seed, site),
    })
    meter(site, '车间回路', FRUGAL, { phases: 3, position: 'secondary', load: 'workshop', ...sunAt(seed, site) })
  }
  for (let n = 0; n < SMALL_PLACES; n++) {
    const site = business(seed, 'small', n)
    meter(site, '总进线', FRUGAL, { phases: 1, load: 'shop', ...sunAt(seed, site) })
  }
  return devices
}

interface Fitting {
  readonly seed: number
  readonly add: (
    site: CountySite,
    kind: SimulatedKind,
    id: string,
    place: string,
    every: number,
    model: (every: number, incidents: readonly Incident[]) => DeviceModel,
  ) => void
  readonly meter: (site: CountySite, place: string, every: number, profile: Partial<ElectricityProfile>) => void
  readonly gasDetector: (site: CountySite, place: string, use: 'household' | 'commercial') => void
}

/** Li's house has 16 rooms, that of the story's room 205 at least five a floor; the others 4 to 24. */
export function storeysOf(seed: number, house: number): { readonly floors: number; readonly perFloor: number } {
  if (house === 12) return { floors: 4, perFloor: 4 }
  if (house === ROOM_CIRCUIT.house) return { floors: 3, perFloor: 6 }
  const size = seedOf(seed, `house ${house}`)
  const rooms = Math.floor(between(size, 1, 4, 24))
  const floors = rooms < 10 ? 2 : rooms < 18 ? 3 : 4
  return { floors, perFloor: Math.round(rooms / floors) }
}

/** Two circuits, the gate, two smoke detectors, and the shared kitchen where there is one. */
function rentalHouse(house: number, { seed, add, meter, gasDetector }: Fitting): void {
  const landlord = house === 12 ? [PEOPLE.landlady] : []
  const site: CountySite = {
    name: `槐荫 ${house} 号`,
    area: PILOT_AREA,
    sort: 'rental',
    contacts: [caretakerOf(house), ...landlord, PEOPLE.gridWorker],
  }
  const { floors, perFloor } = storeysOf(seed, house)
  const rooms = floors * perFloor
  meter(site, '总进线', MINUTELY, { phases: 3, ratedCurrentA: 63, load: 'household' })
  if (house === ROOM_CIRCUIT.house) {
    const { name, limitW } = ROOM_CIRCUIT
    meter(site, name, MINUTELY, {
      phases: 1,
      position: 'final',
      ratedCurrentA: 20,
      loadA: 5,
      powerLimitW: limitW,
      load: 'household',
    })
  } else if (house % 4 === 1 && house !== 33) {
    meter(site, '电动车棚', MINUTELY, { phases: 1, position: 'secondary', ratedCurrentA: 63, load: 'ebikes' })
  } else {
    meter(site, '二层回路', MINUTELY, { phases: 1, position: 'secondary', ratedCurrentA: 40, load: 'household' })
  }
  const gate = `gate-${three(house)}`
  add(site, 'access', gate, '大门', MINUTELY, (seconds, incidents) =>
    access(
      { id: gate, residents: rooms, exit: true, heldAfterSeconds: 120, reportEverySeconds: seconds },
      seed,
      incidents,
    ),
  )
  for (const [floor, place] of ['一楼走道', '二楼走道'].entries()) {
    const id = `smoke-${three(house)}-${two(floor + 1)}`
    add(site, 'smoke', id, place, DAILY, (seconds, incidents) =>
      smoke({ id, detector: 'smoke', reportEverySeconds: seconds }, seed, incidents),
    )
  }
  if (hasSharedKitchen(house)) gasDetector(site, '共用厨房', 'household')
}

function business(seed: number, sort: 'catering' | 'enterprise' | 'small', n: number): CountySite {
  const name = businessName(sort, n)
  return { name, area: areaOfBusiness(seed, name, n), sort, contacts: [] }
}

/** Rooftop photovoltaics of 白鹭镇 lift its lines at noon, the more the further from the transformer: up to 238 V. */
function sunAt(seed: number, site: CountySite): Pick<ElectricityProfile, 'pvRiseV'> {
  return site.area.includes('白鹭镇') ? { pvRiseV: between(seedOf(seed, site.name), 1, 5, 13.5) } : {}
}

function circuitOf(id: string, seed: number, given: Partial<ElectricityProfile>): ElectricityProfile {
  const own = seedOf(seed, `circuit ${id}`)
  const phases = given.phases ?? 1
  return {
    id,
    phases,
    position: 'incoming',
    ratedCurrentA: phases === 3 ? pick(own, 1, [40, 63, 100]) : pick(own, 1, [32, 40, 63]),
    load: 'shop',
    naturalLeakageMa: between(own, 2, 15, 110),
    reportEverySeconds: MINUTELY,
    ...given,
  }
}
