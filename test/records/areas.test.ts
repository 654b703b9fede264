// The tree of areas: renamed, moved, merged. The closure is what scopes are decided by, so it must always be the tree's.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Ledger } from '../../records/ledger.ts'
import { EVERYTHING } from '../../records/scope.ts'
import { ADMIN, newDirectory, startedLedger } from './fixture.ts'
import { entryOf } from './entries.ts'

const BAD = { code: 'refused' }

async function county(): Promise<{ ledger: Ledger; area: (path: string) => Promise<string> }> {
  const ledger = await startedLedger(newDirectory())
  return { ledger, area: async (path) => (await ledger.places.ensureArea(ADMIN, path)).id }
}

const within = (areaIds: string[]) => ({ all: false, siteIds: [], areaIds }) as const

describe('areas', () => {
  it('a renamed area keeps its id, and its sites are found by the new name', async () => {
    const { ledger, area } = await county()
    const town = await area('县/青禾街道')
    const site = await ledger.places.createSite(ADMIN, { name: '12 号', area: '县/青禾街道/槐荫社区' })
    const renamed = await ledger.places.updateArea(ADMIN, town, { name: '清和街道' })
    expect(renamed).toMatchObject({ id: town, name: '清和街道', path: ['县', '清和街道'] })
    expect((await ledger.places.site(EVERYTHING, site.id))?.area).toEqual(['县', '清和街道', '槐荫社区'])
    const found = async (q: string) => (await ledger.places.sites(EVERYTHING, { q, limit: 10 })).total
    expect([await found('清和'), await found('青禾')]).toEqual([1, 0])
    const { items } = await ledger.audit.list({ subject: `area:${town}`, limit: 1 })
    expect(items[0]).toMatchObject({ action: 'area.updated', fields: ['name'] })
  })

  it('G9: an area that moves takes its sites and devices out of one scope and into another', async () => {
    const { ledger, area } = await county()
    const [north, south] = [await area('县/北镇'), await area('县/南镇')]
    const village = await area('县/北镇/柳村')
    const site = await ledger.places.createSite(ADMIN, { name: '1 号', area: '县/北镇/柳村' })
    await ledger.devices.create(ADMIN, { id: 'E-1', kind: 'electricity', name: '总', siteId: site.id })
    await ledger.places.updateArea(ADMIN, village, { parentId: south })
    expect(await ledger.places.site(within([north]), site.id)).toBeNull()
    expect(await ledger.devices.get(within([north]), 'E-1')).toBeNull()
    expect((await ledger.places.site(within([south]), site.id))?.area).toEqual(['县', '南镇', '柳村'])
    expect((await ledger.devices.identity('E-1'))?.areaIds).toContain(south)
  })

  it('refuses to move into itself, too deep, and beside another of its name', async () => {
    const { ledger, area } = await county()
    const deep = await area('县/镇/村/组/格/点')
    const [town, village] = [await area('县/镇'), await area('县/镇/村')]
    await expect(ledger.places.updateArea(ADMIN, town, { parentId: village })).rejects.toMatchObject({
      ...BAD,
      details: { reason: 'inside_itself' },
    })
    await expect(ledger.places.updateArea(ADMIN, town, { parentId: town })).rejects.toMatchObject(BAD)
    const other = await area('县/另一镇')
    await expect(ledger.places.updateArea(ADMIN, other, { parentId: deep })).rejects.toMatchObject({
      ...BAD,
      details: { reason: 'too_deep' },
    })
    await expect(ledger.places.updateArea(ADMIN, other, { name: '镇' })).rejects.toMatchObject({ code: 'exists' })
    await expect(ledger.places.updateArea(ADMIN, 'nobody', { name: '镇' })).rejects.toMatchObject({ code: 'not_found' })
  })

  it('G9: a merged area hands over its sites, its villages, its people and its history', async () => {
    const { ledger, area } = await county()
    const [old, into] = [await area('县/老镇'), await area('县/新镇')]
    const site = await ledger.places.createSite(ADMIN, { name: '1 号', area: '县/老镇' })
    await ledger.places.createSite(ADMIN, { name: '2 号', area: '县/老镇/东村' })
    await ledger.devices.create(ADMIN, { id: 'E-1', kind: 'electricity', name: '总', siteId: site.id })
    const identity = await ledger.devices.identity('E-1')
    const entry = entryOf({ alarmId: 'a1', deviceId: 'E-1', siteId: null, areaIds: identity?.areaIds ?? [] })
    await ledger.journal.append({ entries: [entry], states: [], checkpoint: null })
    const user = await ledger.users.create(ADMIN, {
      username: 'town',
      name: '镇',
      role: 'town',
      passwordHash: 'x',
      mustChange: false,
      areas: [old, into],
    })
    const merged = await ledger.places.mergeArea(ADMIN, old, into)
    expect(merged).toMatchObject({ id: into, path: ['县', '新镇'] })
    const areas = await ledger.places.countedAreas(EVERYTHING)
    expect(areas.map(({ path }) => path.join('/')).toSorted()).toEqual(['县', '县/新镇', '县/新镇/东村'])
    expect(areas.find(({ id }) => id === into)).toMatchObject({ sites: 2, devices: 1, openAlarms: 1 })
    expect((await ledger.users.get(user.id))?.areas).toEqual([into])
    // What happened in it is seen by who looks after the other now.
    expect((await ledger.alarms.open(within([into]))).map(({ id }) => id)).toEqual(['a1'])
    // Its name is free again.
    expect((await ledger.places.ensureArea(ADMIN, '县/老镇')).id).not.toBe(old)
  })

  it('refuses to merge what bears the same names', async () => {
    const { ledger, area } = await county()
    const [a, b] = [await area('县/甲'), await area('县/乙')]
    await ledger.places.createSite(ADMIN, { name: '1 号', area: '县/甲' })
    await ledger.places.createSite(ADMIN, { name: '1 号', area: '县/乙' })
    await expect(ledger.places.mergeArea(ADMIN, a, b)).rejects.toMatchObject({ code: 'exists' })
    expect((await ledger.places.areas(EVERYTHING)).length).toBe(3)
    await expect(ledger.places.mergeArea(ADMIN, await area('县'), a)).rejects.toMatchObject(BAD)
  })

  it('after any moves and merges, the closure says what the tree says', async () => {
    const step = fc.record({ merge: fc.boolean(), what: fc.nat(30), where: fc.nat(30) })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const { ledger, area } = await county()
        for (const path of ['a/b/c/d', 'a/e/f', 'g/h', 'g/i/j', 'k']) await area(path)
        for (const { merge, what, where } of steps) {
          const areas = await ledger.places.areas(EVERYTHING)
          const [one, other] = [areas[what % areas.length], areas[where % areas.length]]
          if (one === undefined || other === undefined) continue
          const change = merge
            ? ledger.places.mergeArea(ADMIN, one.id, other.id)
            : ledger.places.updateArea(ADMIN, one.id, { parentId: where % 7 === 0 ? null : other.id })
          await change.catch((error: { code?: string }) => expect(['refused', 'exists']).toContain(error.code))
        }
        const areas = await ledger.places.areas(EVERYTHING)
        const byId = new Map(areas.map((one) => [one.id, one]))
        for (const one of areas) {
          const chain: string[] = []
          for (let at: string | null = one.id; at !== null; at = byId.get(at)?.parentId ?? null) chain.unshift(at)
          expect(one.path).toEqual(chain.map((id) => byId.get(id)?.name))
          expect(chain.length).toBeLessThanOrEqual(6)
          const below = await ledger.places.areas(within([one.id]))
          expect(below.every(({ path }) => one.path.every((name, i) => path[i] === name))).toBe(true)
        }
        await ledger.stop()
      }),
      { numRuns: 12 },
    )
  })
})
