// What is said of a site is kept, found by, and told to the devices that stand there.
import { describe, expect, it } from 'vitest'
import { EVERYTHING } from '../../records/scope.ts'
import { ADMIN, newDirectory, startedLedger } from './fixture.ts'

const PROFILE = {
  category: 'enterprise',
  risk: 1,
  regime: { name: 'suspended', since: '2026-11-01', until: null, basis: '安监停〔2026〕7 号' },
  responsible: { name: '钱厂长', phone: '13800000021' },
  coordinates: { lat: 29.03, lon: 119.17 },
  insurance: { insurer: '某保险', policy: 'P-7', until: '2027-01-01' },
  facilities: ['gas'],
} as const

describe('sites', () => {
  it('a site of which only name and area are known has sensible gaps', async () => {
    const ledger = await startedLedger(newDirectory())
    const site = await ledger.places.createSite(ADMIN, { name: '12 号', area: '县/镇' })
    expect(site).toMatchObject({
      category: null,
      risk: null,
      regime: { name: 'normal', since: null, until: null, basis: '' },
      responsible: null,
      coordinates: null,
      insurance: null,
      facilities: [],
    })
  })

  it('keeps what is said, changes what is given and nothing else', async () => {
    const ledger = await startedLedger(newDirectory())
    const made = await ledger.places.createSite(ADMIN, {
      name: '机械厂',
      area: '县/镇',
      ...PROFILE,
      facilities: ['gas'],
    })
    expect(made).toMatchObject(PROFILE)
    const { regime: _, ...rest } = PROFILE
    const lifted = { name: 'normal', since: null, until: null, basis: '' } as const
    const changed = await ledger.places.updateSite(ADMIN, made.id, { regime: lifted })
    expect(changed).toMatchObject({ ...rest, regime: lifted, name: '机械厂', area: ['县', '镇'] })
    const cleared = await ledger.places.updateSite(ADMIN, made.id, { insurance: null, category: null })
    expect(cleared).toMatchObject({ insurance: null, category: null, risk: 1 })
    const { items } = await ledger.audit.list({ subject: `site:${made.id}`, limit: 1 })
    expect(items[0]?.fields.toSorted()).toEqual(['category', 'insurance'])
  })

  it('lists by category, risk, regime and area, each within the others', async () => {
    const ledger = await startedLedger(newDirectory())
    await ledger.places.createSite(ADMIN, { name: '甲', area: '县/东镇/一村', ...PROFILE, facilities: [] })
    await ledger.places.createSite(ADMIN, { name: '乙', area: '县/东镇', category: 'catering', risk: 1 })
    await ledger.places.createSite(ADMIN, { name: '丙', area: '县/西镇', category: 'enterprise' })
    const east = (await ledger.places.areas(EVERYTHING)).find(({ name }) => name === '东镇')?.id
    const names = async (filter: object) =>
      (await ledger.places.sites(EVERYTHING, { limit: 10, ...filter })).items.map(({ name }) => name).toSorted()
    expect(await names({ category: 'enterprise' })).toEqual(['丙', '甲'])
    expect(await names({ risk: 1 })).toEqual(['乙', '甲'])
    expect(await names({ regime: 'suspended' })).toEqual(['甲'])
    expect(await names({ areaId: east })).toEqual(['乙', '甲'])
    expect(await names({ areaId: east, category: 'catering', q: '乙' })).toEqual(['乙'])
    expect(await names({ areaId: 'nowhere' })).toEqual([])
  })

  it('devices learn the regime of their site', async () => {
    const ledger = await startedLedger(newDirectory())
    const site = await ledger.places.createSite(ADMIN, { name: '厂', area: '县', regime: PROFILE.regime })
    await ledger.devices.create(ADMIN, { id: 'E-1', kind: 'electricity', name: '总', siteId: site.id })
    await ledger.devices.create(ADMIN, { id: 'E-2', kind: 'electricity', name: '库存' })
    expect((await ledger.devices.identity('E-1'))?.siteRegime).toBe('suspended')
    expect((await ledger.devices.identity('E-2'))?.siteRegime).toBe('normal')
  })
})
