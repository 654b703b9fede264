import { describe, expect, it } from 'vitest'
import type { Actor, AuditRow, Ledger } from '../../records/ledger.ts'
import { KNOWN_FOR_MS } from '../../records/known-browsers.ts'
import { ADMIN, collect, newDirectory, startedLedger } from './fixture.ts'
import { T0 } from './entries.ts'

const HOUR = 3_600_000

async function withOne(): Promise<{ ledger: Ledger; id: string; actor: Actor; at: (ms: number) => void }> {
  let now = T0
  const ledger = await startedLedger(newDirectory(), { now: () => now })
  const { id } = await ledger.users.create(ADMIN, {
    username: 'one',
    name: '一',
    role: 'duty',
    passwordHash: '$argon2id$…',
    mustChange: false,
  })
  return { ledger, id, actor: { userId: id, name: '一', address: '10.0.0.9' }, at: (ms) => (now = T0 + ms) }
}

describe('the second factor', () => {
  it('is kept, proved, spent once a step and once a recovery code, whoever races', async () => {
    const { ledger, id, actor } = await withOne()
    const { secondFactors } = ledger
    expect(await secondFactors.of(id)).toBeNull()
    await secondFactors.begin(actor, 'FIRST')
    await secondFactors.begin(actor, 'SECOND')
    expect(await secondFactors.of(id)).toMatchObject({ secret: 'SECOND', confirmedAt: null, recoveryCodesLeft: 0 })
    expect(await ledger.users.get(id)).toMatchObject({ secondFactor: false })
    await secondFactors.confirm(actor, 100, ['aaaa', 'bbbb'])
    expect(await secondFactors.of(id)).toMatchObject({ confirmedAt: T0, recoveryCodesLeft: 2 })
    expect(await ledger.users.get(id)).toMatchObject({ secondFactor: true })
    await expect(secondFactors.begin(actor, 'THIRD')).rejects.toMatchObject({ details: { reason: 'second_factor_on' } })
    await expect(secondFactors.confirm(actor, 101, ['c'])).rejects.toMatchObject({ code: 'refused' })
    expect(await secondFactors.spend(id, 100)).toBe(false)
    const raced = await Promise.all([1, 2, 3].map(() => secondFactors.spend(id, 102)))
    expect(raced.filter(Boolean).length).toBe(1)
    expect(await secondFactors.spend(id, 101)).toBe(false)
    const recovered = await Promise.all([1, 2, 3].map(() => secondFactors.recover(actor, 'aaaa')))
    expect(recovered.filter(Boolean).length).toBe(1)
    expect(await secondFactors.recover({ ...actor, userId: 'another' }, 'bbbb')).toBe(false)
    expect(await secondFactors.remove(ADMIN, id)).toBe(true)
    expect(await secondFactors.remove(ADMIN, id)).toBe(false)
    expect(await secondFactors.recover(actor, 'bbbb')).toBe(false)
    expect(await ledger.audit.verify()).toMatchObject({ ok: true })
  })
})

describe('invitations', () => {
  it('are accepted once, whoever races, and end the sessions of before', async () => {
    const { ledger, id, actor } = await withOne()
    const session = await ledger.sessions.begin(actor, T0 + HOUR)
    const code = await ledger.invitations.create(ADMIN, id, T0 + HOUR)
    expect(await ledger.users.get(id)).toMatchObject({ invitedUntil: T0 + HOUR })
    const hashes = ['hash a', 'hash b', 'hash c']
    const accepted = await Promise.all(hashes.map((hash) => ledger.invitations.accept('10.0.0.9', code, hash, T0)))
    expect(accepted.filter(Boolean).length).toBe(1)
    expect(await ledger.users.get(id)).toMatchObject({
      passwordHash: hashes[accepted.indexOf(true)],
      invitedUntil: null,
    })
    expect(await ledger.sessions.find(session, T0)).toBeNull()
  })

  it('past their end are forgotten', async () => {
    const { ledger, id, at } = await withOne()
    await ledger.invitations.create(ADMIN, id, T0 + HOUR)
    at(HOUR)
    await ledger.maintain(T0 + HOUR)
    expect(await ledger.users.get(id)).toMatchObject({ invitedUntil: null })
  })
})

describe('known browsers', () => {
  it('are known for those who signed in there; a planted secret is never taken over', async () => {
    const { ledger, id } = await withOne()
    const other = await ledger.users.create(ADMIN, {
      username: 'other',
      name: '二',
      role: 'duty',
      passwordHash: null,
      mustChange: false,
    })
    const { knownBrowsers } = ledger
    const secret = await knownBrowsers.remember('planted', id)
    expect(secret).not.toBe('planted')
    expect(await knownBrowsers.remember(secret, id)).toBe(secret)
    expect(await knownBrowsers.knows(secret, other.id)).toBe(false)
    // A desk that two officers share is one browser.
    expect(await knownBrowsers.remember(secret, other.id)).toBe(secret)
    expect([await knownBrowsers.knows(secret, id), await knownBrowsers.knows(secret, other.id)]).toEqual([true, true])
  })

  it('are at most fifty a person, and forgotten when they are not used', async () => {
    const { ledger, id, at } = await withOne()
    const { knownBrowsers } = ledger
    const secrets: string[] = []
    for (let n = 0; n < 51; n++) {
      at(n)
      secrets.push(await knownBrowsers.remember(null, id))
    }
    const known = async (n: number) => knownBrowsers.knows(secrets[n] as string, id)
    expect([await known(0), await known(1), await known(50)]).toEqual([false, true, true])
    await ledger.maintain(T0 + 1 + KNOWN_FOR_MS)
    expect([await known(1), await known(2), await known(50)]).toEqual([false, true, true])
  })
})

describe('somebody who is disabled', () => {
  it('is left with no session, no token and no invitation, for good', async () => {
    const { ledger, id, actor } = await withOne()
    const session = await ledger.sessions.begin(actor, T0 + HOUR)
    const { token } = await ledger.tokens.create(actor, { name: 'x', expiresAt: null })
    const code = await ledger.invitations.create(ADMIN, id, T0 + HOUR)
    await ledger.users.update(ADMIN, id, { disabled: true })
    await expect(ledger.invitations.create(ADMIN, id, T0 + HOUR)).rejects.toMatchObject({ code: 'refused' })
    await ledger.users.update(ADMIN, id, { disabled: false })
    expect(await ledger.sessions.find(session, T0)).toBeNull()
    expect(await ledger.tokens.find(token, T0)).toBeNull()
    expect(await ledger.invitations.find(code, T0)).toBeNull()
  })
})

describe('the audit in pages', () => {
  it('gives each row that matches once, newest first, across pages', async () => {
    const { ledger } = await withOne()
    const [rows, odd] = [2_100, 20]
    await Promise.all(
      Array.from({ length: rows }, (_, n) => ledger.audit.record(ADMIN, n < odd ? 'odd.one' : 'even.one', 'test')),
    )
    const seqs = (await collect<readonly AuditRow[]>(ledger.audit.pages({ action: 'even.one' }))).flat()
    expect(seqs.length).toBe(rows - odd)
    for (const [index, row] of seqs.entries())
      if (index > 0) expect(row.seq).toBeLessThan((seqs[index - 1] as AuditRow).seq)
    expect(seqs.every(({ action }) => action === 'even.one')).toBe(true)
    expect(await ledger.audit.verify()).toMatchObject({ ok: true })
  })
})
