// Personal values are sealed with a key that is not in the database.
import { DatabaseSync } from 'node:sqlite'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NotOpened, PersonalBox, keyIdOf, sealedBy } from '../../records/personal-box.ts'
import { SEALED_COLUMNS, personalKeyFileIn } from '../../records/personal-key.ts'
import { ledgerFileIn } from '../../records/sqlite/files.ts'
import { ADMIN, inertLedger, newDirectory, startedLedger } from './fixture.ts'

function boxOf(...keys: Uint8Array[]): PersonalBox {
  const box = new PersonalBox()
  box.useKeys(keys)
  return box
}

const KEY = randomBytes(32)
const CONTEXT = 'lease:42:phone'

describe('a personal box', () => {
  it('opens what it sealed, whatever the text', () => {
    const box = boxOf(KEY)
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (text, context) => {
        expect(box.open(box.seal(text, context), context)).toBe(text)
      }),
    )
  })

  it('says in the envelope which key, and nothing of the value: the same text never looks the same', () => {
    const box = boxOf(KEY)
    const [one, two] = [box.seal('13800000012', CONTEXT), box.seal('13800000012', CONTEXT)]
    expect(one).not.toBe(two)
    expect(one).not.toContain('138')
    expect(sealedBy(one)).toBe(keyIdOf(KEY))
    expect(sealedBy('13800000012')).toBeNull()
  })

  it('opens nothing that was changed, anywhere', () => {
    const box = boxOf(KEY)
    const sealed = box.seal('甲', CONTEXT)
    const [head = '', keyId = '', body = ''] = sealed.split('.')
    const bytes = Buffer.from(body, 'base64url')
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
      expect(() => box.open([head, keyId, changed.toString('base64url')].join('.'), CONTEXT)).toThrow(NotOpened)
      expect(() => box.open([head, keyId, bytes.subarray(0, at).toString('base64url')].join('.'), CONTEXT)).toThrow(
        NotOpened,
      )
    }
    for (const other of ['', '甲', 'v1..', `v2.${keyId}.${body}`, `v1.${'0'.repeat(16)}.${body}`])
      expect(() => box.open(other, CONTEXT)).toThrow(NotOpened)
  })

  it('opens nothing that was put in another place', () => {
    const box = boxOf(KEY)
    const sealed = box.seal('13800000012', 'lease:42:phone')
    for (const context of ['lease:43:phone', 'lease:42:name', '', 'lease:42:phone '])
      expect(() => box.open(sealed, context)).toThrow(NotOpened)
  })

  it('opens what an older key sealed, and seals with the newest', () => {
    const [old, next] = [randomBytes(32), randomBytes(32)]
    const sealed = boxOf(old).seal('乙', CONTEXT)
    const both = boxOf(next, old)
    expect(both.open(sealed, CONTEXT)).toBe('乙')
    expect(sealedBy(both.seal('乙', CONTEXT))).toBe(keyIdOf(next))
    expect(() => boxOf(next).open(sealed, CONTEXT)).toThrow(NotOpened)
    expect(() => new PersonalBox().seal('乙', CONTEXT)).toThrow(/not open/)
  })
})

describe('the key file', () => {
  it('is made at the first start, for its owner only, and stays as it is', async () => {
    const directory = newDirectory()
    const file = personalKeyFileIn(directory)
    await (await startedLedger(directory)).stop()
    const made = readFileSync(file, 'utf8')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700)
    await (await startedLedger(directory)).stop()
    expect(readFileSync(file, 'utf8')).toBe(made)
    // Nothing of it is in the database.
    expect(readFileSync(ledgerFileIn(directory)).includes(made.trim())).toBe(false)
  })

  it('lies where it is told to', async () => {
    const [directory, elsewhere] = [newDirectory(), newDirectory()]
    const file = join(elsewhere, 'vault', 'a.key')
    await (await startedLedger(directory, { personalKeyFile: file })).stop()
    expect(existsSync(file)).toBe(true)
    expect(existsSync(personalKeyFileIn(directory))).toBe(false)
  })

  it('that is damaged stops the start and is left as it is', async () => {
    const directory = newDirectory()
    const file = join(directory, 'personal.key')
    for (const content of ['', 'not a key\n', `${randomBytes(16).toString('base64')}\n`]) {
      writeFileSync(file, content)
      await expect(inertLedger(directory, { personalKeyFile: file }).start()).rejects.toMatchObject({
        reason: 'no_key',
      })
      expect(readFileSync(file, 'utf8')).toBe(content)
    }
  })

  it('that is gone or is another stops the start of a ledger with sealed values, and none is made', async () => {
    const directory = newDirectory()
    const file = personalKeyFileIn(directory)
    const first = await startedLedger(directory)
    const site = await first.places.createSite(ADMIN, { name: '槐荫 12 号', area: '示范县' })
    const room = await first.rooms.create(ADMIN, site.id, { building: '', floor: 2, name: '205' })
    const tenant = { name: '租客甲', phone: '13800000012', people: 1 }
    const lease = await first.leases.moveIn(ADMIN, room.id, { tenant, from: '2026-11-01', until: null, landlord: null })
    await first.stop()
    expect(readFileSync(ledgerFileIn(directory)).includes('租客甲')).toBe(false)
    const key = readFileSync(file, 'utf8')
    rmSync(file)
    const missing = inertLedger(directory).start()
    await expect(missing).rejects.toMatchObject({ name: 'LedgerUnusable', reason: 'no_key' })
    await expect(missing).rejects.toThrow(/找不到密钥文件.*is missing/)
    expect(existsSync(file)).toBe(false)
    const another = `${randomBytes(32).toString('base64')}\n`
    writeFileSync(file, another)
    await expect(inertLedger(directory).start()).rejects.toThrow(/不是加密这个账本.*is not the one/)
    expect(readFileSync(file, 'utf8')).toBe(another)
    // A new key before the old: what was sealed still opens.
    writeFileSync(file, another + key)
    const again = await startedLedger(directory)
    expect((await again.leases.disclose(ADMIN, lease.id)).tenant).toMatchObject({
      name: '租客甲',
      phone: '13800000012',
    })
  })

  it('is looked for in every column of sealed values', async () => {
    const directory = newDirectory()
    const ledger = await startedLedger(directory)
    const site = await ledger.places.createSite(ADMIN, { name: '槐荫 12 号', area: '示范县' })
    const room = await ledger.rooms.create(ADMIN, site.id, { building: '', floor: 2, name: '205' })
    const person = { name: '租客甲', phone: '13800000012' }
    const tenant = { ...person, people: 1 }
    await ledger.leases.moveIn(ADMIN, room.id, { tenant, from: '2026-11-01', until: null, landlord: person })
    const passwordHash = 'not used here'
    const user = { username: 'admin', name: '管理员', role: 'admin', passwordHash, mustChange: false } as const
    const { id } = await ledger.users.create(ADMIN, user)
    await ledger.secondFactors.begin({ ...ADMIN, userId: id }, 'JBSWY3DPEHPK3PXP')
    await ledger.stop()
    const db = new DatabaseSync(ledgerFileIn(directory))
    const columns = db
      .prepare(
        `select m.name as "table", c.name as "column" from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'`,
      )
      .all() as { table: string; column: string }[]
    const sealed = columns.filter(({ table, column }) =>
      db
        .prepare(`select "${column}" as value from "${table}"`)
        .all()
        .some(({ value }) => typeof value === 'string' && sealedBy(value) !== null),
    )
    db.close()
    const names = (all: readonly { table: string; column: string }[]) =>
      all.map(({ table, column }) => `${table}.${column}`).toSorted()
    expect(names(SEALED_COLUMNS)).toEqual(names(sealed))
  })
})
