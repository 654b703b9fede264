import { describe, expect, it } from 'vitest'
import type { KindRule } from '../../contract/rules.ts'
import { EVERYTHING } from '../../records/scope.ts'
import { T0 } from './entries.ts'
import { ADMIN, newDirectory, RESIDUAL_CURRENT, startedLedger } from './fixture.ts'

describe('rules', () => {
  const other = { ...RESIDUAL_CURRENT, id: 'electricity.other' }

  it('are seeded once, gain new defaults, and keep what a county changed', async () => {
    const directory = newDirectory()
    const first = await startedLedger(directory)
    expect(await first.rules.current()).toEqual([{ ...RESIDUAL_CURRENT, version: 1 }])
    const changed = { ...RESIDUAL_CURRENT, title: { zh: '漏电', en: 'Leakage' } }
    expect(await first.rules.change(ADMIN, changed)).toEqual({ ...changed, version: 2 })
    await first.stop()

    const improved = { ...RESIDUAL_CURRENT, category: 'fire' as const }
    const second = await startedLedger(directory, { defaultRules: [improved, other] })
    expect(await second.rules.current()).toEqual([
      { ...other, version: 1 },
      { ...changed, version: 2 },
    ])
    expect(await second.rules.version('electricity', RESIDUAL_CURRENT.id, 1)).toEqual({
      ...RESIDUAL_CURRENT,
      version: 1,
    })
    expect(await second.rules.version('electricity', RESIDUAL_CURRENT.id, 3)).toBeNull()
    expect((await second.audit.list({ limit: 9 })).items).toMatchObject([{ action: 'rule.changed' }])
  })

  it('that a county never changed follow the program: a default that grew is a new version, once', async () => {
    const directory = newDirectory()
    const planned = { ...other, type: 'planned' as const, needs: 'a rule kind' }
    const first = await startedLedger(directory, { defaultRules: [RESIDUAL_CURRENT, planned] })
    expect(await first.rules.current()).toHaveLength(2)
    await first.stop()

    const grown = { ...RESIDUAL_CURRENT, category: 'fire' as const }
    for (let start = 0; start < 2; start++) {
      const next = await startedLedger(directory, { defaultRules: [grown] })
      // What was only planned never raised an alarm: it goes. What may have raised one stays.
      expect(await next.rules.current()).toEqual([{ ...grown, version: 2 }])
      expect(await next.rules.version('electricity', RESIDUAL_CURRENT.id, 1)).toMatchObject({ category: 'electrical' })
      await next.stop()
    }
    const without = await startedLedger(directory, { defaultRules: [] })
    expect(await without.rules.current()).toEqual([{ ...grown, version: 2 }])
  })

  it('that are unknown or no rules are refused', async () => {
    const { rules } = await startedLedger(newDirectory())
    await expect(rules.change(ADMIN, other)).rejects.toMatchObject({ code: 'not_found' })
    await expect(rules.change(ADMIN, { ...RESIDUAL_CURRENT, variants: [] } as KindRule)).rejects.toThrow()
    expect(await rules.current()).toHaveLength(1)
  })
})

describe('rejections', () => {
  const DAY = 86_400_000
  const rejectionOf = (deviceId: string, i: number, sample = `{"n":${i}}`) => ({
    deviceId,
    at: T0 + Math.floor(i / 3),
    reason: 'not_json' as const,
    topic: `zhian/v1/${deviceId}/readings`,
    detail: `at ${i}`,
    sample,
  })

  it('G10: the newest 20 a device are kept, in order of arrival', async () => {
    const ledger = await startedLedger(newDirectory(), { now: () => T0 })
    for (const id of ['A', 'B']) await ledger.devices.create(ADMIN, { id, kind: 'gas', name: id })
    for (let i = 0; i < 30; i += 10) {
      await ledger.rejections.add(Array.from({ length: 10 }, (_, j) => rejectionOf('A', i + j)))
    }
    await ledger.rejections.add([...Array.from({ length: 50 }, (_, i) => rejectionOf('B', i)), rejectionOf('none', 1)])
    const detailsOf = async (id: string) =>
      (await ledger.rejections.list(EVERYTHING, id, { limit: 100 })).items.map(({ detail }) => detail)
    expect(await detailsOf('A')).toEqual(Array.from({ length: 20 }, (_, i) => `at ${29 - i}`))
    expect(await detailsOf('B')).toEqual(Array.from({ length: 20 }, (_, i) => `at ${49 - i}`))

    const first = await ledger.rejections.list(EVERYTHING, 'A', { limit: 15 })
    const rest = await ledger.rejections.list(EVERYTHING, 'A', { limit: 15, cursor: first.next ?? undefined })
    expect([first.total, first.items.length, rest.items.length, rest.next]).toEqual([20, 15, 5, null])
    await expect(ledger.rejections.list(EVERYTHING, 'none', { limit: 1 })).rejects.toMatchObject({ code: 'not_found' })
  })

  it('are cut to 1 KiB at a whole character, kept 7 days, and go with their device', async () => {
    let now = T0
    const ledger = await startedLedger(newDirectory(), { now: () => now })
    await ledger.devices.create(ADMIN, { id: 'A', kind: 'gas', name: 'A' })
    await ledger.rejections.add([rejectionOf('A', 0, '气'.repeat(400))])
    const [kept] = (await ledger.rejections.list(EVERYTHING, 'A', { limit: 1 })).items
    expect(kept?.sample).toBe('气'.repeat(341))
    now = T0 + 7 * DAY + 1
    expect((await ledger.rejections.list(EVERYTHING, 'A', { limit: 1 })).total).toBe(0)
    await ledger.maintain(now)
    now = T0
    expect((await ledger.rejections.list(EVERYTHING, 'A', { limit: 1 })).total).toBe(0)
    await ledger.rejections.add([rejectionOf('A', 0)])
    await ledger.devices.delete(ADMIN, 'A')
    await ledger.devices.create(ADMIN, { id: 'A', kind: 'gas', name: 'A' })
    expect((await ledger.rejections.list(EVERYTHING, 'A', { limit: 1 })).total).toBe(0)
  })
})

describe('settings', () => {
  it('are made once, changed and removed', async () => {
    const directory = newDirectory()
    const { settings, stop } = await startedLedger(directory)
    const values = await Promise.all([1, 2, 3].map((n) => settings.ensure('key', () => `made ${n}`)))
    expect(values).toEqual(['made 1', 'made 1', 'made 1'])
    await settings.set('key', 'changed')
    await settings.set('other', 'x')
    await stop()
    const again = (await startedLedger(directory)).settings
    expect(await again.get('key')).toBe('changed')
    await again.delete('key')
    expect(await again.get('key')).toBeNull()
    expect(await again.ensure('key', () => 'new')).toBe('new')
  })

  it('ended sessions and expired tokens are dropped', async () => {
    const ledger = await startedLedger(newDirectory())
    const { id: userId } = await ledger.users.create(ADMIN, {
      username: 'duty',
      name: '值班员',
      role: 'duty',
      passwordHash: 'x',
      mustChange: false,
    })
    const actor = { ...ADMIN, userId }
    await ledger.sessions.begin(actor, T0)
    const session = await ledger.sessions.begin(actor, T0 + 2)
    await ledger.tokens.create(actor, { name: 'expired', expiresAt: T0 })
    await ledger.tokens.create(actor, { name: 'lasting', expiresAt: null })
    await ledger.maintain(T0 + 1)
    expect(await ledger.sessions.find(session, T0)).not.toBeNull()
    expect((await ledger.tokens.list(userId, { limit: 9 })).items.map(({ name }) => name)).toEqual(['lasting'])
  })
})
