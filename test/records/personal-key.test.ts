// The key file of a ledger that one process has to itself.
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { personalKeyFileIn } from '../../records/personal-key.ts'
import { ledgerFileIn } from '../../records/sqlite/files.ts'
import { ADMIN, inertLedger, newDirectory, startedLedger } from './fixture.ts'

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
})
