// The demonstration county: the figures it states, and that an ordinary day of all of it is quiet.
import { describe, expect, it } from 'vitest'
import { createDeviceSchema } from '../../contract/http/devices.ts'
import { createBuildingSchema, createLeaseSchema } from '../../contract/http/rentals.ts'
import { ROLES } from '../../contract/role-names.ts'
import { rowOf } from '../../contract/roles.ts'
import { roomsOf } from '../../contract/room-numbers.ts'
import { createSiteSchema, updateSiteSchema } from '../../contract/http/sites.ts'
import { attributeOf } from '../../contract/kinds/table.ts'
import { hourOf } from '../../simulators/devices/model.ts'
import { county, living, started } from '../../simulators/county/county.ts'
import { lifeOf } from '../../simulators/county/life.ts'
import { householdOf, profileOf } from '../../simulators/county/households.ts'
import { storeysOf } from '../../simulators/county/inventory.ts'
import { ACCOUNTS, ADMIN, PEOPLE } from '../../simulators/county/people.ts'
import { allVillages, TOWNS } from '../../simulators/county/places.ts'
import { importTable } from '../../simulators/county/table.ts'
import { readTable } from '../../dashboard/server/import/csv.ts'
import { EngineDevice } from './county-engine.ts'
import type { Told } from './county-engine.ts'

/** 2026-11-18, a Wednesday, midnight in China. */
const MIDNIGHT = Date.UTC(2026, 10, 17, 16)
const HOUR = 3_600_000
const DAY = 24 * HOUR

const shire = county()
const count = <T>(list: readonly T[], by: (item: T) => string): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(list, by)].map(([key, items]) => [key, items.length]))

describe('the county', () => {
  it('has the towns, villages, sites and devices it states', () => {
    expect(TOWNS).toHaveLength(15)
    expect(new Set(allVillages()).size).toBe(150)
    expect(count(shire.sites, ({ sort }) => sort)).toEqual({ rental: 152, catering: 44, enterprise: 300, small: 208 })
    expect(shire.sites).toHaveLength(704)
    expect(count(shire.devices, ({ kind }) => kind)).toEqual({ electricity: 1_200, access: 152, smoke: 304, gas: 104 })
    expect(
      count(
        shire.devices.filter(({ kind }) => kind === 'gas'),
        ({ site }) => site.sort,
      ),
    ).toEqual({ rental: 60, catering: 44 })
    expect(
      count(
        shire.devices.filter(({ kind }) => kind === 'electricity'),
        ({ site }) => site.sort,
      ),
    ).toEqual({ rental: 304, catering: 88, enterprise: 600, small: 208 })
    expect(shire.neverStarted.size).toBe(7)
    expect(started(shire)).toHaveLength(1_753)
    expect(shire.featured).toHaveLength(20)
  })

  it('gives every device an id, a name and a place of its own that a hub takes', () => {
    expect(new Set(shire.devices.map(({ id }) => id)).size).toBe(1_760)
    expect(new Set(shire.devices.map(({ name }) => name)).size).toBe(1_760)
    expect(new Set(shire.sites.map(({ area, name }) => `${area}/${name}`)).size).toBe(704)
    const villages = new Set(allVillages())
    for (const { name, area, contacts } of shire.sites) {
      expect(createSiteSchema.safeParse({ name, area, contacts }).success).toBe(true)
      expect(villages).toContain(area)
    }
    for (const { id, kind, name, build } of shire.devices) {
      const { attributes } = build([])
      expect(createDeviceSchema.safeParse({ id, kind, name, attributes }).success).toBe(true)
      for (const attribute of Object.keys(attributes)) expect(attributeOf(kind, attribute)).toBeDefined()
    }
  })

  it('puts every rental house into the pilot community and into one person’s care', () => {
    const houses = shire.sites.filter(({ sort }) => sort === 'rental')
    expect(new Set(houses.map(({ area }) => area))).toEqual(new Set(['示范县/青禾街道/槐荫社区']))
    expect(count(houses, ({ contacts }) => contacts[0]?.name ?? '')).toEqual({ 王大姐: 60, 老郑: 52, 槐荫社区: 40 })
    expect(ACCOUNTS.flatMap(({ name, houses: list }) => (list.length > 1 ? [[name, list.length]] : []))).toEqual([
      ['王大姐', 60],
      ['老郑', 52],
      ['槐荫社区', 40],
    ])
    expect(ACCOUNTS.filter(({ role }) => role === 'manager').flatMap(({ houses: list }) => list)).toHaveLength(152)
    for (const { phone } of Object.values(PEOPLE)) expect(phone).toMatch(/^138-0000-00\d\d$/)
  })

  it('has somebody to sign in as for every role, and each whose scope is listed has something in their care', () => {
    expect(new Set([...ACCOUNTS, ADMIN].map(({ role }) => role))).toEqual(new Set(ROLES))
    expect(new Set(ACCOUNTS.map(({ username }) => username)).size).toBe(ACCOUNTS.length)
    const areas = new Set(
      allVillages().flatMap((path) => path.split('/').map((_, n, all) => all.slice(0, n + 1).join('/'))),
    )
    for (const { role, houses, area } of ACCOUNTS) {
      expect(houses.length > 0 || area !== null).toBe(rowOf(role).scope === 'listed')
      if (area !== null) expect(areas).toContain(area)
    }
  })

  it('has rooms and tenants in every rental house, and something said of every site', () => {
    const at = MIDNIGHT
    let rooms = 0
    let tenancies = 0
    for (let house = 1; house <= 152; house++) {
      const household = householdOf(shire.seed, house, at)
      const { floors, perFloor } = storeysOf(shire.seed, house)
      const names = new Set(
        roomsOf({ ...household.building, building: '', first: 1, pattern: '{floor}{nn}' }).map(({ name }) => name),
      )
      expect(names.size).toBe(floors * perFloor)
      expect(createBuildingSchema.safeParse(household.building).success).toBe(true)
      for (const { room, lease } of household.tenancies) {
        expect(names).toContain(room)
        expect(createLeaseSchema.safeParse(lease).success).toBe(true)
        expect(lease.tenant.name).toMatch(/^租客[甲乙丙丁戊己庚辛壬癸]$/)
        expect(lease.tenant.phone).toMatch(/^138-0000-00\d\d$/)
      }
      rooms += names.size
      tenancies += household.tenancies.length
      expect(householdOf(shire.seed, house, at)).toEqual(household)
    }
    expect(storeysOf(shire.seed, 12)).toEqual({ floors: 4, perFloor: 4 })
    expect(householdOf(shire.seed, 21, at).building).toMatchObject({ floors: { from: 1, to: 3 }, perFloor: 6 })
    expect(tenancies / rooms).toBeGreaterThan(0.7)
    expect(tenancies / rooms).toBeLessThan(0.9)
    const given = { closed: false, hasGas: false, ebikes: false }
    const risks = shire.sites.map((site) => {
      const profile = profileOf(shire.seed, site, at, given)
      expect(updateSiteSchema.safeParse(profile).success).toBe(true)
      // Only what is not running may be ordered off: the county's devices draw current.
      expect(['stationed', undefined]).toContain(profile.regime?.name)
      return String(profile.risk)
    })
    expect(count(risks, (risk) => risk)).toMatchObject({
      1: expect.any(Number),
      2: expect.any(Number),
      3: expect.any(Number),
      4: expect.any(Number),
    })
  })

  it('is a table that the import takes as it is, with everybody to call', async () => {
    const table = await readTable(importTable(shire.devices))
    if (!table.ok) throw new Error(JSON.stringify(table.issues))
    expect(table.rows).toHaveLength(1_760)
    const kitchen = shire.called('槐荫 12 号 共用厨房')
    expect(table.rows.find(({ id }) => id === kitchen.id)).toMatchObject({
      kind: 'gas',
      name: kitchen.name,
      area: '示范县/青禾街道/槐荫社区',
      site: '槐荫 12 号',
      attributes: kitchen.build([]).attributes,
    })
    const people = table.rows.flatMap(({ site, contact }) => (site === '槐荫 12 号' && contact ? [contact.name] : []))
    expect(people).toEqual(['王大姐', '李阿姨', '吴师傅'])
  })

  it('is the same for the same seed, and another for another', () => {
    const day = (seed: number): unknown => {
      const other = county(seed)
      return [0, 400, 900, 1_300, 1_700].map((n) => {
        const device = other.devices[n] as (typeof other.devices)[number]
        return living(other, device, { from: MIDNIGHT, until: MIDNIGHT + DAY }).reports(MIDNIGHT, MIDNIGHT + HOUR)
      })
    }
    expect(day(1)).toEqual(day(1))
    expect(day(1)).not.toEqual(day(2))
  })

  it('eats at 11 and 18, charges e-bikes from 19 to 23, and lifts 白鹭镇 to 238 V at noon', () => {
    const meters = shire.devices.filter(({ kind }) => kind === 'electricity')
    const meanAt = (list: typeof meters, metric: string, hour: number): number => {
      const values = list.map(({ build }) => build([]).values(MIDNIGHT + hour * HOUR)[metric] ?? 0)
      return values.reduce((sum, value) => sum + value, 0) / values.length
    }
    const busiest = (list: typeof meters): number[] => {
      const byHour = Array.from({ length: 24 }, (_, hour) => ({ hour, power: meanAt(list, 'power', hour) }))
      return byHour.toSorted((a, b) => b.power - a.power).map(({ hour }) => hour)
    }
    const kitchens = meters.filter(({ site }) => site.sort === 'catering')
    expect(busiest(kitchens).slice(0, 3)).toContain(11)
    expect(busiest(kitchens)[0]).toBe(18)
    const sheds = meters.filter(({ name }) => name.endsWith('电动车棚'))
    expect(sheds.length).toBeGreaterThan(30)
    expect(busiest(sheds).slice(0, 4).toSorted()).toEqual([19, 20, 21, 22])

    const bailu = meters.filter(({ site }) => site.area.includes('白鹭镇'))
    const highest = (list: typeof meters, hour: number): number =>
      Math.max(...list.map(({ build }) => build([]).values(MIDNIGHT + hour * HOUR)['voltage_a'] ?? 0))
    expect(highest(bailu, 12.5)).toBeGreaterThan(236)
    expect(highest(bailu, 12.5)).toBeLessThan(242)
    expect(highest(bailu, 22)).toBeLessThan(231)
    expect(
      highest(
        meters.filter((meter) => !bailu.includes(meter)),
        12.5,
      ),
    ).toBeLessThan(231)
  })

  it('loses about 2 % of its mobile sets a day, and props doors where people move in', () => {
    const days = 20
    const life = shire.devices.map((device) => ({
      device,
      incidents: lifeOf(shire.seed, device, MIDNIGHT, MIDNIGHT + days * DAY),
    }))
    const mobile = life.filter(({ device }) => device.isMobile)
    const drops = mobile.flatMap(({ incidents }) => incidents)
    expect(new Set(drops.map(({ name }) => name))).toEqual(new Set(['link_down']))
    expect(drops.length / days / mobile.length).toBeGreaterThan(0.015)
    expect(drops.length / days / mobile.length).toBeLessThan(0.025)
    const moves = life.filter(({ device }) => device.kind === 'access').flatMap(({ incidents }) => incidents)
    expect(moves.length / days).toBeGreaterThan(2)
    for (const move of moves) {
      expect(move.name).toBe('propped')
      expect(hourOf(move.from)).toBeGreaterThanOrEqual(9)
      expect(hourOf(move.from)).toBeLessThanOrEqual(18)
    }
  })
})

describe('an ordinary day of the whole county', () => {
  it('raises no P1, no P2, and at most 20 P3', () => {
    const told: Told[] = []
    let readings = 0
    const ordinary = county(1, { story: false })
    for (const device of started(ordinary)) {
      const model = living(ordinary, device, { from: MIDNIGHT, until: MIDNIGHT + DAY })
      const hub = new EngineDevice(model, MIDNIGHT)
      hub.live(MIDNIGHT, MIDNIGHT + DAY)
      readings += hub.decided
      told.push(...hub.told)
    }
    // The whole county did speak: nobody is quiet because nothing was said.
    expect(readings).toBeGreaterThan(1_000_000)
    const alarms = new Map<string, { priority: number; what: string }>()
    for (const { deviceId, transition } of told) {
      const { id, priority, ruleId } = transition.alarm
      const known = alarms.get(id)
      if (!known || priority < known.priority) alarms.set(id, { priority, what: `${deviceId} ${ruleId as string}` })
    }
    const of = (priority: number): string[] =>
      [...alarms.values()].filter((alarm) => alarm.priority === priority).map(({ what }) => what)
    expect(of(1)).toEqual([])
    expect(of(2)).toEqual([])
    expect(of(3).length, of(3).join('\n')).toBeLessThanOrEqual(20)
    // Daily life is there all the same.
    expect(new Set([...of(3), ...of(4)].map((what) => what.split(' ')[1]))).toEqual(
      new Set(['device.silent', 'access.door_open', 'electricity.voltage_high', 'electricity.current']),
    )
  })
})
