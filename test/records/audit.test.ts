import { describe, expect, it } from 'vitest'
import { EVERYTHING } from '../../records/scope.ts'
import { ADMIN, newDirectory, startedLedger, typedByHand } from './fixture.ts'

async function someHistory(directory: string) {
  const ledger = await startedLedger(directory)
  const site = await ledger.places.createSite(ADMIN, { name: '某某出租房', area: '某县/某镇' })
  await ledger.devices.create(ADMIN, { id: 'S1', kind: 'smoke', name: '客厅烟感', siteId: site.id })
  await ledger.devices.update(ADMIN, 'S1', { name: '厨房烟感' })
  await ledger.audit.record(ADMIN, 'export.readings', 'device:S1')
  return ledger
}

describe('the audit trail', () => {
  it('G8: names who, from where, what and which fields, and no personal value', async () => {
    const ledger = await someHistory(newDirectory())
    await ledger.places.createSite(ADMIN, {
      name: '小楼',
      area: '某县/某镇',
      contacts: [{ name: '王五', phone: '13800138000' }],
    })
    const { items, total } = await ledger.audit.list({ limit: 100 })
    expect(total).toBe(7)
    expect(items.map(({ action }) => action).toReversed()).toEqual([
      'area.created',
      'area.created',
      'site.created',
      'device.created',
      'device.updated',
      'export.readings',
      'site.created',
    ])
    expect(items.every(({ actorId, address }) => actorId === ADMIN.userId && address === ADMIN.address)).toBe(true)
    expect(items[2]?.fields).toEqual(['name'])
    expect(items[0]?.fields).toEqual(['name', 'area', 'contacts'])
    for (const personal of ['王五', '13800138000', '烟感', ADMIN.name]) {
      expect(JSON.stringify(items)).not.toContain(personal)
    }
  })

  it('pages and filters by subject', async () => {
    const ledger = await someHistory(newDirectory())
    const first = await ledger.audit.list({ limit: 4 })
    const second = await ledger.audit.list({ limit: 4, cursor: first.next ?? undefined })
    expect([...first.items, ...second.items].map(({ seq }) => seq)).toEqual([6, 5, 4, 3, 2, 1])
    expect(second.next).toBeNull()
    expect((await ledger.audit.list({ limit: 10, subject: 'device:S1' })).total).toBe(3)
  })

  it('G8: is written with the change or not at all', async () => {
    const ledger = await someHistory(newDirectory())
    const before = await ledger.audit.verify()
    await expect(ledger.devices.create(ADMIN, { id: 'S1', kind: 'gas', name: '又一台' })).rejects.toMatchObject({
      code: 'exists',
    })
    await expect(
      ledger.devices.create(
        { ...ADMIN, userId: undefined as unknown as string },
        { id: 'S2', kind: 'gas', name: '燃气' },
      ),
    ).rejects.toThrow(/not.null/i)
    expect(await ledger.devices.get(EVERYTHING, 'S2')).toBeNull()
    expect(await ledger.audit.verify()).toEqual(before)
  })

  it.each([
    ['a row edited', `update audit set actor_id = 'somebody-else' where seq = 3`, { seq: 3, reason: 'changed' }],
    ['a field name edited', `update audit set fields = '[]' where seq = 5`, { seq: 5, reason: 'changed' }],
    ['a time edited', `update audit set at = at + 1 where seq = 1`, { seq: 1, reason: 'changed' }],
    ['a row removed', `delete from audit where seq = 4`, { seq: 4, reason: 'missing' }],
    ['the last row removed', `delete from audit where seq = 6`, { seq: 6, reason: 'missing' }],
    [
      'rows swapped',
      `update audit set action = (select a.action from audit a where a.seq = 7 - audit.seq) where seq in (2, 5)`,
      { seq: 2, reason: 'changed' },
    ],
    [
      'the last row removed and the head set back to it',
      `delete from audit where seq = 6; update head set audit_seq = 5`,
      { seq: 5, reason: 'head' },
    ],
  ])('G8: finds %s', async (_, tampering, found) => {
    const directory = newDirectory()
    const ledger = await someHistory(directory)
    expect(await ledger.audit.verify()).toMatchObject({ ok: true, rows: 6 })
    await typedByHand(directory, ...tampering.split('; '))
    expect(await ledger.audit.verify()).toEqual({ ok: false, ...found })
  })
})
