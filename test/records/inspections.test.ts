// Inspections: written once, reported, rechecked until the hazard is put right.
import { describe, expect, it } from 'vitest'
import type { NewInspection } from '../../contract/http/inspections.ts'
import { EVERYTHING } from '../../records/scope.ts'
import { ADMIN, newDirectory, startedLedger } from './fixture.ts'

const HAZARD: NewInspection = {
  kind: 'routine',
  result: 'hazard',
  text: '私拉电线',
  deadline: '2026-12-01',
  rechecks: null,
}

async function twoSites() {
  let clock = 1_795_000_000_000
  const ledger = await startedLedger(newDirectory(), { now: () => (clock += 1_000) })
  const a = await ledger.places.createSite(ADMIN, { name: '甲', area: '县/东镇' })
  const b = await ledger.places.createSite(ADMIN, { name: '乙', area: '县/西镇' })
  return { ledger, a, b, now: () => clock }
}
const recheck = (of: string, result: 'rechecked_ok' | 'rechecked_open'): NewInspection => ({
  kind: 'recheck',
  result,
  text: '复查',
  deadline: null,
  rechecks: of,
})

describe('inspections', () => {
  it('a hazard is settled when a recheck, or the recheck of a recheck, finds it put right', async () => {
    const { ledger, a } = await twoSites()
    const found = await ledger.inspections.create(ADMIN, a.id, HAZARD)
    expect(found).toMatchObject({ place: ['县', '东镇', '甲'], settled: false, reported: null, deadline: '2026-12-01' })
    const again = await ledger.inspections.create(ADMIN, a.id, recheck(found.id, 'rechecked_open'))
    expect((await ledger.inspections.get(EVERYTHING, found.id))?.settled).toBe(false)
    await ledger.inspections.create(ADMIN, a.id, recheck(again.id, 'rechecked_ok'))
    expect((await ledger.inspections.get(EVERYTHING, found.id))?.settled).toBe(true)
    const open = await ledger.inspections.list(EVERYTHING, { limit: 10, settled: false })
    expect(open.total).toBe(0)
    expect((await ledger.inspections.list(EVERYTHING, { limit: 2 })).items.map(({ kind }) => kind)).toEqual([
      'recheck',
      'recheck',
    ])
  })

  it('is reported once, and both are audited without a word of the findings', async () => {
    const { ledger, a } = await twoSites()
    const { id } = await ledger.inspections.create(ADMIN, a.id, HAZARD)
    const first = await ledger.inspections.report(ADMIN, id)
    const second = await ledger.inspections.report({ ...ADMIN, name: '另一人' }, id)
    expect(second.reported).toEqual(first.reported)
    expect(first.reported?.by).toBe(ADMIN.name)
    const { items, total } = await ledger.audit.list({ subject: `inspection:${id}`, limit: 10 })
    expect(items.map(({ action }) => action)).toEqual(['inspection.reported', 'inspection.created'])
    expect(total).toBe(2)
    expect(JSON.stringify(items)).not.toContain('私拉电线')
  })

  it('refuses a recheck of another site, or of what left no hazard, and an inspection in the future', async () => {
    const { ledger, a, b, now } = await twoSites()
    const found = await ledger.inspections.create(ADMIN, a.id, HAZARD)
    const passed = await ledger.inspections.create(ADMIN, b.id, { ...HAZARD, result: 'passed' })
    for (const of of [found.id, passed.id, 'nothing'])
      await expect(ledger.inspections.create(ADMIN, b.id, recheck(of, 'rechecked_ok'))).rejects.toMatchObject({
        code: 'invalid',
      })
    await expect(ledger.inspections.create(ADMIN, a.id, { ...HAZARD, at: now() + 60_000 })).rejects.toMatchObject({
      code: 'invalid',
    })
    await expect(ledger.places.deleteSite(ADMIN, a.id)).rejects.toMatchObject({
      details: { reason: 'has_inspections' },
    })
  })

  it('G9: lists and finds within the scope only', async () => {
    const { ledger, a, b } = await twoSites()
    const [inA, inB] = [
      await ledger.inspections.create(ADMIN, a.id, HAZARD),
      await ledger.inspections.create(ADMIN, b.id, HAZARD),
    ]
    const scope = { all: false, siteIds: [], areaIds: [a.areaId] } as const
    const { items, total } = await ledger.inspections.list(scope, { limit: 10 })
    expect([items.map(({ id }) => id), total]).toEqual([[inA.id], 1])
    expect((await ledger.inspections.list(scope, { limit: 10, siteId: b.id })).total).toBe(0)
    expect(await ledger.inspections.get(scope, inB.id)).toBeNull()
  })
})
