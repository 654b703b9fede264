// Personal values are sealed with a key that is not in the database.
import { DatabaseSync } from 'node:sqlite'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NotOpened, PersonalBox, keyIdOf, sealedBy } from '../../records/personal-box.ts'
import { SEALED_COLUMNS, personalKeyFileIn } from '../../records/personal-key.ts'
import { ledgerFileIn } from '../../records/sqlite/files.ts'
import { inertLedger, newDirectory, startedLedger } from './fixture.ts'

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

  it('is looked for in every column of sealed values', async () => {
    const directory = newDirectory()
    await (await startedLedger(directory)).stop()
    const db = new DatabaseSync(ledgerFileIn(directory))
    const found = db
      .prepare(
        `select m.name as "table", c.name as "column" from sqlite_master m, pragma_table_info(m.name) c
         where m.type = 'table' and (c.name like '%\\_sealed' escape '\\' or c.name = 'sealed')`,
      )
      .all()
    db.close()
    expect(SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`).toSorted()).toEqual(
      found.map((row) => `${String(row['table'])}.${String(row['column'])}`).toSorted(),
    )
  })
})
