// Personal values are sealed with a key that is not in the database.
import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NotOpened, PersonalBox, keyIdOf, sealedBy } from '../../records/personal-box.ts'
import { SEALED_COLUMNS } from '../../records/personal-key.ts'
import { ADMIN, columnsOf, newDirectory, startedLedger, typedByHand } from './fixture.ts'

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

describe('the key of a ledger', () => {
  it('is looked for by the ids of every column that holds sealed values', async () => {
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
    const sealed: { table: string; column: string }[] = []
    for (const { table, column } of await columnsOf(directory)) {
      const rows = await typedByHand(directory, `select "${column}" as value from "${table}"`)
      const values = rows.map((row) => ('value' in row ? row.value : null))
      if (values.some((value) => typeof value === 'string' && sealedBy(value) !== null)) sealed.push({ table, column })
    }
    const names = (all: readonly { table: string; column: string }[]) =>
      all.map(({ table, column }) => `${table}.${column}`).toSorted()
    expect(names(SEALED_COLUMNS)).toEqual(names(sealed))
  })
})
