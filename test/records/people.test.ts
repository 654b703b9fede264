import { describe, expect, it } from 'vitest'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Actor, Ledger, NewUser } from '../../records/ledger.ts'
import { HUB_ACTOR } from '../../records/audit.ts'
import { T0 } from './entries.ts'
import { ADMIN, newDirectory, startedLedger } from './fixture.ts'

const HOUR = 3_600_000
const someone = (username: string, more: Partial<NewUser> = {}): NewUser => ({
  username,
  name: `${username} 先生`,
  role: 'duty',
  passwordHash: '$argon2id$…',
  mustChange: true,
  ...more,
})
const actingAs = (id: string): Actor => ({ userId: id, name: '', address: '10.0.0.9' })

async function withAdmin(): Promise<{ ledger: Ledger; adminId: string }> {
  const ledger = await startedLedger(newDirectory())
  const admin = await ledger.users.create(HUB_ACTOR, someone('admin', { role: 'admin' }))
  return { ledger, adminId: admin.id }
}

describe('users', () => {
  it('are created, found, changed and listed without their password hash', async () => {
    const { ledger } = await withAdmin()
    const made = await ledger.users.create(ADMIN, someone('manager', { role: 'manager', sites: ['s1'], areas: ['a1'] }))
    expect(made).toMatchObject({ username: 'manager', sites: ['s1'], areas: ['a1'], disabled: false })
    expect(Object.keys(made)).not.toContain('passwordHash')
    expect(await ledger.users.byUsername('manager')).toMatchObject({
      ...made,
      mustChange: true,
      passwordHash: '$argon2id$…',
    })
    expect(await ledger.users.byUsername('nobody')).toBeNull()
    const changed = await ledger.users.update(ADMIN, made.id, { name: '李四', sites: [] })
    expect(changed).toEqual({ ...made, name: '李四', sites: [] })
    const page = await ledger.users.list({ limit: 1 })
    expect(page).toMatchObject({ total: 2, items: [{ username: 'admin' }] })
    expect((await ledger.users.list({ limit: 1, cursor: page.next ?? undefined })).items).toEqual([changed])
    await expect(ledger.users.create(ADMIN, someone('manager'))).rejects.toMatchObject({ code: 'exists' })
    await expect(ledger.users.update(ADMIN, 'none', {})).rejects.toMatchObject({ code: 'not_found' })
  })

  it('the last administrator stays', async () => {
    const { ledger, adminId } = await withAdmin()
    const refusal = { code: 'refused', details: { reason: 'last_admin' } }
    await expect(ledger.users.delete(ADMIN, adminId)).rejects.toMatchObject(refusal)
    await expect(ledger.users.update(ADMIN, adminId, { disabled: true })).rejects.toMatchObject(refusal)
    await expect(ledger.users.update(ADMIN, adminId, { role: 'duty' })).rejects.toMatchObject(refusal)
    const second = await ledger.users.create(ADMIN, someone('second', { role: 'admin' }))
    await ledger.users.update(ADMIN, adminId, { disabled: true })
    await expect(ledger.users.delete(ADMIN, second.id)).rejects.toMatchObject(refusal)
    await ledger.users.delete(ADMIN, adminId)
    expect(await ledger.users.count()).toBe(1)
  })
})

describe('sessions', () => {
  it('outlive a restart, end at their time, and are not in the file as such', async () => {
    const directory = newDirectory()
    const first = await startedLedger(directory, { now: () => T0 })
    const user = await first.users.create(HUB_ACTOR, someone('duty'))
    const id = await first.sessions.begin(actingAs(user.id), T0 + 26 * HOUR)
    await first.stop()
    const files = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isFile())
    expect(files.some(({ name }) => readFileSync(join(directory, name)).includes(id))).toBe(false)

    const { sessions } = await startedLedger(directory)
    const found = await sessions.find(id, T0 + 26 * HOUR - 1)
    expect(found).toMatchObject({ user: { username: 'duty' }, session: { createdAt: T0, endsAt: T0 + 26 * HOUR } })
    expect(await sessions.find(id, T0 + 26 * HOUR)).toBeNull()
    expect(await sessions.find(`${id}x`, T0)).toBeNull()
    await sessions.touch(id, T0 + 30_000)
    expect((await sessions.find(id, T0))?.session.lastSeenAt).toBe(T0)
    await sessions.touch(id, T0 + 60_000)
    expect((await sessions.find(id, T0))?.session.lastSeenAt).toBe(T0 + 60_000)
    await sessions.end(actingAs(user.id), id)
    await sessions.end(actingAs(user.id), id)
    expect(await sessions.find(id, T0)).toBeNull()
  })

  it('end with what they were granted for', async () => {
    const { ledger } = await withAdmin()
    const user = await ledger.users.create(ADMIN, someone('duty'))
    const begin = () => ledger.sessions.begin(actingAs(user.id), T0 + HOUR)
    const alive = async (id: string) => (await ledger.sessions.find(id, T0)) !== null

    const [own, other] = [await begin(), await begin()]
    await ledger.users.update(ADMIN, user.id, { name: '新名', sites: ['s'] }, own)
    expect([await alive(own), await alive(other)]).toEqual([true, true])
    await ledger.users.update(actingAs(user.id), user.id, { passwordHash: 'another' }, own)
    expect([await alive(own), await alive(other)]).toEqual([true, false])
    await ledger.users.update(ADMIN, user.id, { role: 'manager' })
    expect(await alive(own)).toBe(false)

    const third = await begin()
    await ledger.users.update(ADMIN, user.id, { disabled: true })
    expect(await alive(third)).toBe(false)
    await ledger.users.update(ADMIN, user.id, { disabled: false })
    const fourth = await begin()
    await ledger.sessions.endAllOf(ADMIN, user.id)
    expect(await alive(fourth)).toBe(false)
    const fifth = await begin()
    await ledger.users.delete(ADMIN, user.id)
    expect(await alive(fifth)).toBe(false)
  })
})

describe('bearer tokens', () => {
  it('work until they expire, are revoked, or their user is disabled', async () => {
    const { ledger, adminId } = await withAdmin()
    const me = actingAs(adminId)
    const lasting = await ledger.tokens.create(me, { name: 'script', expiresAt: null })
    const brief = await ledger.tokens.create(me, { name: 'brief', expiresAt: T0 })
    const now = T0 - 1
    expect(await ledger.tokens.find(lasting.token, now)).toMatchObject({
      token: { name: 'script' },
      user: { id: adminId },
    })
    expect(await ledger.tokens.find(brief.token, now)).not.toBeNull()
    expect(await ledger.tokens.find(brief.token, T0)).toBeNull()
    expect(await ledger.tokens.find(lasting.id, now)).toBeNull()

    await ledger.tokens.used(lasting.id, T0)
    await ledger.tokens.used(lasting.id, T0 + 1)
    const { items, total } = await ledger.tokens.list(adminId, { limit: 10 })
    expect(total).toBe(2)
    expect(items.find(({ id }) => id === lasting.id)?.lastUsedAt).toBe(T0)
    expect(JSON.stringify(items)).not.toContain(lasting.token)

    expect(await ledger.tokens.revoke(me, 'somebody-else', lasting.id)).toBe(false)
    expect(await ledger.tokens.revoke(me, adminId, lasting.id)).toBe(true)
    expect(await ledger.tokens.find(lasting.token, now)).toBeNull()

    const user = await ledger.users.create(ADMIN, someone('machine'))
    const token = await ledger.tokens.create(actingAs(user.id), { name: 't', expiresAt: null })
    await ledger.users.update(ADMIN, user.id, { disabled: true })
    expect(await ledger.tokens.find(token.token, now)).toBeNull()
  })
})
