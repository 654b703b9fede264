// The register of coverage: what ought to be there, what is, what was installed against what was owed.
import { describe, expect, it } from 'vitest'
import type { Ledger } from '../../records/ledger.ts'
import { EVERYTHING } from '../../records/scope.ts'
import { ADMIN, newDirectory, startedLedger } from './fixture.ts'

async function device(
  ledger: Ledger,
  id: string,
  kind: 'gas' | 'electricity',
  siteId: string,
  installedAt?: string,
): Promise<void> {
  const attributes = installedAt === undefined ? {} : { installedAt }
  await ledger.devices.create(ADMIN, { id, kind, name: id, siteId, attributes })
}

describe('coverage', () => {
  it('44 of 44: every kitchen that uses gas has its alarm, by town', async () => {
    const ledger = await startedLedger(newDirectory())
    for (let i = 0; i < 44; i++) {
      const area = `县/${i < 30 ? '东镇' : '西镇'}/${i % 3}村`
      const site = await ledger.places.createSite(ADMIN, {
        name: `餐饮 ${i}`,
        area,
        category: 'catering',
        facilities: ['gas'],
      })
      await device(ledger, `G-${i}`, 'gas', site.id)
    }
    const gas = async (areaId?: string) =>
      (await ledger.coverage.figures(EVERYTHING, { areaId })).expectations.find(({ id }) => id === 'gas')
    // Registered is not there yet.
    expect(await gas()).toEqual({ id: 'gas', due: 44, have: 0, rate: 0 })
    await ledger.devices.heard(Array.from({ length: 44 }, (_, i) => `G-${i}`))
    expect(await gas()).toEqual({ id: 'gas', due: 44, have: 44, rate: 100 })
    const { towns } = await ledger.coverage.figures(EVERYTHING, {})
    expect(
      towns.map(({ path, expectations }) => [path.join('/'), expectations.find(({ id }) => id === 'gas')?.due]),
    ).toEqual([
      ['县/东镇', 30],
      ['县/西镇', 14],
    ])
    expect((await gas(towns[1]?.areaId))?.due).toBe(14)
    await ledger.devices.update(ADMIN, 'G-0', { lifecycle: 'retired' })
    expect(await gas()).toMatchObject({ have: 43, rate: 97.7 })
  })

  it('lists what is missing page by page, each once, within the scope', async () => {
    const ledger = await startedLedger(newDirectory())
    for (let i = 0; i < 5; i++)
      await ledger.places.createSite(ADMIN, { name: `户 ${i}`, area: `县/${i % 2}镇`, category: 'rental_house' })
    const site = await ledger.places.createSite(ADMIN, { name: '店', area: '县/0镇', category: 'catering' })
    await device(ledger, 'E-1', 'electricity', site.id)
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await ledger.coverage.missing(EVERYTHING, { limit: 4, cursor })
      expect(page.total).toBe(16)
      seen.push(...page.items.map((row) => `${row.siteId} ${row.expectation}`))
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
    expect([seen.length, new Set(seen).size]).toEqual([16, 16])
    const only = await ledger.coverage.missing(EVERYTHING, { limit: 10, expectation: 'business_electricity' })
    expect(only.items).toMatchObject([{ name: '店', registered: true, area: ['县', '0镇'] }])
    const scope = { all: false, siteIds: [site.id], areaIds: [] } as const
    expect((await ledger.coverage.missing(scope, { limit: 50 })).items.map(({ name }) => name)).toEqual(['店'])
  })

  it('1,200 in all, 596 this year: against the quotas of towns, and past 100 % where more was done', async () => {
    const ledger = await startedLedger(newDirectory())
    const east = await ledger.places.createSite(ADMIN, { name: '甲', area: '县/东镇/一村' })
    const west = await ledger.places.createSite(ADMIN, { name: '乙', area: '县/西镇' })
    const rows = Array.from({ length: 1_200 }, (_, i) => ({
      line: i + 2,
      id: `E-${i}`,
      kind: 'electricity' as const,
      name: '总进线',
      area: i % 2 === 0 ? '县/东镇/一村' : '县/西镇',
      site: i % 2 === 0 ? '甲' : '乙',
      attributes: { installedAt: i < 596 ? '2026-03-01' : '2025-12-31' },
    }))
    await ledger.devices.import(ADMIN, rows)
    const areas = await ledger.places.areas(EVERYTHING)
    const town = (name: string) => areas.find((area) => area.name === name)?.id ?? ''
    const quota = { year: 2026, kind: 'electricity' as const }
    await ledger.coverage.setQuota(ADMIN, { ...quota, areaId: town('东镇'), target: 250 })
    await ledger.coverage.setQuota(ADMIN, { ...quota, areaId: town('西镇'), target: 350 })
    const found = await ledger.coverage.installs(EVERYTHING, 2026, 'electricity')
    expect(found).toMatchObject({ total: 1200, installed: 596, target: 600, rate: 99.3 })
    expect(found.towns).toMatchObject([
      { path: ['县', '东镇'], total: 600, installed: 298, target: 250, rate: 119.2 },
      { path: ['县', '西镇'], total: 600, installed: 298, target: 350, rate: 85.1 },
    ])
    await ledger.coverage.setQuota(ADMIN, { ...quota, areaId: town('西镇'), target: null })
    const mine = { all: false, siteIds: [], areaIds: [west.areaId] } as const
    expect(await ledger.coverage.installs(mine, 2026, 'electricity')).toMatchObject({
      total: 600,
      target: null,
      rate: null,
    })
    expect((await ledger.audit.list({ subject: `area:${town('西镇')}`, limit: 1 })).items[0]).toMatchObject({
      action: 'quota.changed',
    })
    expect(east.areaIds.length).toBe(3)
    await expect(ledger.coverage.setQuota(ADMIN, { ...quota, areaId: 'none', target: 1 })).rejects.toMatchObject({
      code: 'not_found',
    })
  })
})
