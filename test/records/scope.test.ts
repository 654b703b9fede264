import * as fc from 'fast-check'
import { beforeAll, afterAll, describe, expect, it } from 'vitest'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Ledger } from '../../records/ledger.ts'
import { EVERYTHING, inScope, scopeOf } from '../../records/scope.ts'
import type { PlaceOfThing, Scope } from '../../records/scope.ts'
import { entryOf, T0 } from './entries.ts'
import { ADMIN, collect, inertLedger } from './fixture.ts'

const AREAS = ['甲县', '甲县/一镇', '甲县/一镇/东村', '甲县/一镇/西村', '甲县/二镇', '甲县/二镇/南村', '乙县/三镇']

/** Sites all over a small world, devices in them, alarms of places that devices have been to. */
interface World {
  readonly ledger: Ledger
  readonly siteIds: string[]
  readonly areaIds: string[]
  readonly devices: ReadonlyMap<string, PlaceOfThing>
  readonly alarms: ReadonlyMap<string, PlaceOfThing>
  readonly transitions: readonly PlaceOfThing[]
}

async function build(directory: string): Promise<World> {
  const ledger = inertLedger(directory)
  await ledger.start()
  const places: PlaceOfThing[] = [{ siteId: null, areaIds: [] }]
  for (const [i, area] of [...AREAS, ...AREAS].entries()) {
    const site = await ledger.places.createSite(ADMIN, { name: `场所${i}`, area })
    await ledger.devices.create(ADMIN, { id: `D${i}`, kind: 'smoke', name: `烟感${i}`, siteId: site.id })
    const identity = await ledger.devices.identity(`D${i}`)
    if (identity === null) throw new Error('a device just made is not there')
    places.push({ siteId: identity.siteId, areaIds: identity.areaIds })
  }
  await ledger.devices.create(ADMIN, { id: 'NOWHERE', kind: 'gas', name: '未安装' })

  const transitions: PlaceOfThing[] = []
  const alarms = new Map<string, PlaceOfThing>()
  for (let start = 0; start < 1_500; start += 500) {
    const entries = Array.from({ length: 500 }, (_, i) => {
      const n = start + i
      const place = places[(n * n + n) % places.length] ?? { siteId: null, areaIds: [] }
      transitions.push(place)
      alarms.set(`a${n % 300}`, place)
      const closedAt = n % 3 === 0 ? T0 + n : null
      return entryOf({ alarmId: `a${n % 300}`, siteId: place.siteId, areaIds: place.areaIds, closedAt })
    })
    await ledger.journal.append({ entries, states: [], checkpoint: null })
  }

  const devices = new Map<string, PlaceOfThing>()
  for (const identity of await collect(ledger.devices.identities())) devices.set(identity.id, identity)
  const areaIds = (await ledger.places.areas(EVERYTHING)).map(({ id }) => id)
  const siteIds = places.flatMap(({ siteId }) => siteId ?? [])
  return { ledger, siteIds, areaIds, devices, alarms, transitions }
}

describe('G9: scopes', () => {
  const directory = mkdtempSync(join(tmpdir(), 'zhian-scope-'))
  let world: World
  beforeAll(async () => {
    world = await build(directory)
  })
  afterAll(async () => {
    await world.ledger.stop()
    rmSync(directory, { recursive: true })
  })

  it('G9: every query and count answers what a naive filter over everything would', async () => {
    const { ledger, siteIds, areaIds, devices, alarms, transitions } = world
    const someScope: fc.Arbitrary<Scope> = fc.oneof(
      { weight: 1, arbitrary: fc.constant(EVERYTHING) },
      {
        weight: 9,
        arbitrary: fc.record({
          all: fc.constant(false as const),
          siteIds: fc.subarray([...siteIds, 'gone']),
          areaIds: fc.subarray([...areaIds, 'gone']),
        }),
      },
    )
    await fc.assert(
      fc.asyncProperty(
        someScope,
        fc.integer({ min: 0, max: 1_600 }),
        fc.integer({ min: 1, max: 600 }),
        async (scope, cursor, limit) => {
          const seen = transitions.flatMap((place, i) => (inScope(scope, place) ? [i + 1] : []))
          expect(await ledger.journal.headInScope(scope)).toBe(seen.at(-1) ?? 0)
          const replay = await ledger.journal.after(scope, cursor, limit)
          expect(replay.map(({ transition }) => transition.seq)).toEqual(
            seen.filter((seq) => seq > cursor).slice(0, limit),
          )

          const seenAlarms = [...alarms].filter(([, place]) => inScope(scope, place)).map(([id]) => id)
          expect((await ledger.alarms.list(scope, { limit: 500 })).items.map(({ id }) => id).sort()).toEqual(
            seenAlarms.sort(),
          )
          const snapshot = await ledger.journal.snapshot(scope)
          expect(snapshot.head).toBe(seen.at(-1) ?? 0)
          const listed = await ledger.alarms.list(scope, { limit: 500, open: true })
          expect(snapshot.alarms).toEqual(listed.items)
          expect(listed.total).toBe(listed.items.length)

          const seenDevices = [...devices].filter(([, place]) => inScope(scope, place)).map(([id]) => id)
          const devicePage = await ledger.devices.list(scope, { limit: 500 })
          expect(devicePage.items.map(({ id }) => id)).toEqual(seenDevices.sort())
          expect(devicePage.total).toBe(seenDevices.length)

          const places = [...devices.values()].filter((place) => inScope(scope, place))
          const sitePage = await ledger.places.sites(scope, { limit: 500 })
          expect(new Set(sitePage.items.map(({ id }) => id))).toEqual(new Set(places.flatMap((p) => p.siteId ?? [])))
          expect(sitePage.total).toBe(sitePage.items.length)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('G9: one thing asked for by its id is as hidden as in a list', async () => {
    const { ledger, siteIds, devices, alarms } = world
    const scope: Scope = { all: false, siteIds: siteIds.slice(0, 1), areaIds: [] }
    for (const [id, place] of devices) {
      const visible = inScope(scope, place)
      expect((await ledger.devices.get(scope, id)) !== null).toBe(visible)
      if (visible) await ledger.rejections.list(scope, id, { limit: 1 })
      else await expect(ledger.rejections.list(scope, id, { limit: 1 })).rejects.toMatchObject({ code: 'not_found' })
    }
    for (const id of siteIds) expect((await ledger.places.site(scope, id)) !== null).toBe(id === siteIds[0])
    for (const [id, place] of [...alarms].slice(0, 60)) {
      const alarm = await ledger.alarms.get(scope, id)
      expect(alarm !== null).toBe(inScope(scope, place))
      const transitions = alarm?.transitions ?? []
      const own = await ledger.journal.after(scope, 0, 5_000)
      const ownSeqs = new Set(own.map(({ transition }) => transition.seq))
      expect(transitions.every(({ seq }) => ownSeqs.has(seq))).toBe(true)
    }
  })

  it('G9: a manager without places sees nothing, a duty officer everything', async () => {
    const { ledger, transitions } = world
    const manager = scopeOf({ role: 'manager', sites: [], areas: [] })
    expect(await ledger.journal.snapshot(manager)).toEqual({ head: 0, alarms: [] })
    expect(await ledger.journal.after(manager, 0, 10)).toEqual([])
    expect((await ledger.devices.list(manager, { limit: 1 })).total).toBe(0)
    expect(await ledger.places.areas(manager)).toEqual([])
    const duty = scopeOf({ role: 'duty', sites: [], areas: [] })
    expect(await ledger.journal.headInScope(duty)).toBe(transitions.length)
  })

  it('G9: a scope may list as many places as a user may be given', async () => {
    const { ledger, siteIds, areaIds, transitions } = world
    const many = Array.from({ length: 5_000 }, (_, i) => `other-${i}`)
    const scope: Scope = { all: false, siteIds: [...many, ...siteIds], areaIds: [...many, ...areaIds] }
    const placed = transitions.flatMap(({ siteId }, i) => (siteId === null ? [] : [i + 1]))
    expect(await ledger.journal.headInScope(scope)).toBe(placed.at(-1))
    expect((await ledger.journal.after(scope, 0, 5_000)).map(({ transition }) => transition.seq)).toEqual(placed)
    expect((await ledger.devices.list(scope, { limit: 1 })).total).toBe(siteIds.length)
    expect((await ledger.alarms.list(scope, { limit: 1, open: true })).total).toBe(
      (await ledger.journal.snapshot(scope)).alarms.length,
    )
  })

  it('G9: areas are those of the scope and those around its sites', async () => {
    const { ledger, siteIds } = world
    const areas = await ledger.places.areas(EVERYTHING)
    const town = areas.find(({ name }) => name === '一镇')
    const below = await ledger.places.areas({ all: false, siteIds: [], areaIds: [town?.id ?? ''] })
    expect(below.map(({ path }) => path.join('/')).sort()).toEqual(
      ['甲县/一镇', '甲县/一镇/东村', '甲县/一镇/西村'].sort(),
    )
    const site = await ledger.places.site(EVERYTHING, siteIds[5] ?? '')
    const around = await ledger.places.areas({ all: false, siteIds: [siteIds[5] ?? ''], areaIds: [] })
    expect(around.map(({ id }) => id)).toEqual([site?.areaId])
  })
})

describe('moving', () => {
  it('G9: a transition keeps the place of its moment when the site moves to another area', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'zhian-scope-'))
    const ledger = inertLedger(directory)
    await ledger.start()
    try {
      const site = await ledger.places.createSite(ADMIN, { name: '小楼', area: '甲县/一镇' })
      await ledger.devices.create(ADMIN, { id: 'D', kind: 'smoke', name: '烟感', siteId: site.id })
      const from = await ledger.devices.identity('D')
      const journal = (alarmId: string, place: PlaceOfThing | null) =>
        ledger.journal.append({
          entries: [entryOf({ alarmId, siteId: place?.siteId ?? null, areaIds: place?.areaIds ?? [] })],
          states: [],
          checkpoint: null,
        })
      await journal('before', from)
      await ledger.places.updateSite(ADMIN, site.id, { area: '甲县/二镇' })
      const [to] = await ledger.devices.identitiesOfSite(site.id)
      expect(to?.place).toEqual(['甲县', '二镇', '小楼'])
      await journal('after', to ?? null)

      const seenIn = async (areaId: string | undefined) => {
        const scope: Scope = { all: false, siteIds: [], areaIds: [areaId ?? ''] }
        return (await ledger.journal.after(scope, 0, 10)).map(({ transition }) => transition.alarm.id)
      }
      expect(await seenIn(from?.areaIds[1])).toEqual(['before'])
      expect(await seenIn(to?.areaIds[1])).toEqual(['after'])
      expect(await seenIn(to?.areaIds[0])).toEqual(['before', 'after'])
    } finally {
      await ledger.stop()
      rmSync(directory, { recursive: true })
    }
  })
})
