import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { MIGRATIONS } from '../../records/migrations/all.ts'
import { backupOf, outdatedBackups, pruneBackups } from '../../records/backups.ts'
import { contentPath, filesIn } from '../../records/file-contents.ts'
import { contentsNamedBy } from '../../records/file-copies.ts'
import { LedgerUnusable } from '../../records/errors.ts'
import type { StoredFile } from '../../contract/http/files.ts'
import type { Ledger } from '../../records/ledger.ts'
import { restoreLedger } from '../../records/restore.ts'
import { EVERYTHING } from '../../records/scope.ts'
import { ledgerFileIn } from '../../records/sqlite/files.ts'
import { verifyLedgerFile } from '../../records/verify.ts'
import { entryOf, T0 } from './entries.ts'
import { ADMIN, newDirectory, startedLedger } from './fixture.ts'

const journal = (ledger: Ledger, alarmId: string) =>
  ledger.journal.append({ entries: [entryOf({ alarmId })], states: [], checkpoint: null })

/** Runs a command of the hub on a data directory. */
function run(command: 'backup' | 'restore', directory: string, ...args: string[]) {
  const script = fileURLToPath(new URL(`../../hub/${command}.ts`, import.meta.url))
  return new Promise<{ code: number; output: string }>((resolve) => {
    const env = { ...process.env, ZHIAN_DATA_DIR: directory }
    execFile(process.execPath, [script, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr }),
    )
  })
}

describe('backups', () => {
  it('of a ledger that is being written are of one instant and whole', async () => {
    const directory = newDirectory()
    const ledger = await startedLedger(directory)
    const enough = new AbortController()
    const load = (async () => {
      for (let i = 0; !enough.signal.aborted; i++) {
        await journal(ledger, `a${i % 30}`)
        if (i % 10 === 0) await ledger.audit.record(ADMIN, 'export.alarms', 'ledger')
      }
    })()
    const heads: number[] = []
    for (let i = 0; i < 5; i++) {
      const target = join(directory, `copy-${i}.db`)
      const before = await ledger.journal.head()
      await ledger.backupTo(target)
      const { transitions } = await verifyLedgerFile(target, MIGRATIONS.length)
      expect(transitions).toBeGreaterThanOrEqual(before)
      heads.push(transitions)
    }
    enough.abort()
    await load
    expect(heads).toEqual([...heads].sort((a, b) => a - b))
    expect(await ledger.audit.verify()).toMatchObject({ ok: true })
  })

  it('are readable by their owner only, and leave nothing half-made beside them', async () => {
    const directory = newDirectory()
    const ledger = await startedLedger(directory)
    await ledger.backupTo(join(directory, 'copy.db'))
    expect(statSync(join(directory, 'copy.db')).mode & 0o777).toBe(0o600)
    expect(readdirSync(directory).filter((name) => name.startsWith('copy.db'))).toEqual(['copy.db'])
    await expect(ledger.backupTo(join(directory, 'no', 'such', 'folder.db'))).rejects.toThrow()
  })

  it('of a ledger with a broken audit chain are refused and do not appear', async () => {
    const directory = newDirectory()
    const ledger = await startedLedger(directory)
    await ledger.audit.record(ADMIN, 'export.alarms', 'ledger')
    const intruder = new DatabaseSync(ledgerFileIn(directory))
    intruder.exec(`update audit set actor_id = 'x'`)
    intruder.close()
    const target = join(directory, 'copy.db')
    await expect(ledger.backupTo(target)).rejects.toMatchObject({ reason: 'damaged' })
    expect(readdirSync(directory).filter((name) => name.startsWith('copy.db'))).toEqual([])
  })

  it('are kept as many as told; other files are left alone', async () => {
    const names = Array.from({ length: 16 }, (_, i) => `ledger-202611${String(i + 10)}-030000.db`)
    const others = ['ledger.db', 'notes.txt', 'ledger-20261201-030000.db.partial', 'my-ledger-20200101-030000.db']
    expect(outdatedBackups([...names, ...others].toReversed(), 14)).toEqual(names.slice(0, 2))
    expect(outdatedBackups(names.slice(0, 3), 14)).toEqual([])
    const halfMade = 'ledger-20261111-020000.db.partial'
    expect(outdatedBackups([halfMade, ...names.slice(0, 3)], 14)).toEqual([halfMade])

    const directory = newDirectory()
    for (const name of [...names, ...others]) writeFileSync(join(directory, name), '')
    await pruneBackups(directory, 14, T0)
    expect(readdirSync(directory).sort()).toEqual([...names.slice(2), ...others].sort())
  })
})

describe('files in backups', () => {
  const photo = (n: number) => Buffer.from(`photograph ${n}`)
  const added = (ledger: Ledger, n: number) =>
    ledger.files.add(ADMIN, { subject: 'device:S1', name: `${n}.jpg`, type: 'image/jpeg', content: photo(n) })
  const read = async (ledger: Ledger, file: StoredFile) => {
    const content = await ledger.files.read(file)
    return content === null ? null : (await content.toArray()).join('')
  }

  it('come with every copy, while files come and go, and back with a restore', async () => {
    const directory = newDirectory()
    const backups = newDirectory()
    const ledger = await startedLedger(directory)
    await ledger.devices.create(ADMIN, { id: 'S1', kind: 'smoke', name: '烟感' })
    let oldest = await added(ledger, 0)
    for (let i = 0; i < 4; i++) {
      const target = join(backups, `ledger-2026112${i}-030000.db`)
      const backup = backupOf(ledgerFileIn(directory), target, MIGRATIONS.length)
      // At any moment of the copy; each removal can spoil one try at most.
      for (let n = 1; n <= 3; n++) {
        const next = await added(ledger, 10 * i + n)
        await ledger.files.remove(ADMIN, oldest.id)
        oldest = next
      }
      expect((await backup).files.missing).toBe(0)
      for (const hash of await contentsNamedBy(target))
        expect(existsSync(contentPath(filesIn(backups), hash))).toBe(true)
    }
    const kept = await added(ledger, -1)
    const newest = join(backups, 'ledger-20261130-030000.db')
    await ledger.backupTo(newest)
    await ledger.files.remove(ADMIN, kept.id)
    const after = await added(ledger, -2)
    await ledger.stop()

    const restored = await restoreLedger(directory, newest, T0)
    expect(restored.files).toMatchObject({ missing: 0 })
    const second = await startedLedger(directory)
    expect(await read(second, kept)).toBe('photograph -1')
    expect(await read(second, after)).toBeNull()
    await second.stop()
    // And back again: what the replaced ledger names was set aside with it.
    await restoreLedger(directory, restored.replaced ?? '', T0 + 1)
    const third = await startedLedger(directory)
    expect(await read(third, after)).toBe('photograph -2')
  })

  it('go with the last copy that names them, and not while a copy is being made', async () => {
    const directory = newDirectory()
    const backups = newDirectory()
    const ledger = await startedLedger(directory)
    await ledger.devices.create(ADMIN, { id: 'S1', kind: 'smoke', name: '烟感' })
    const first = await added(ledger, 1)
    await ledger.backupTo(join(backups, 'ledger-20261121-030000.db'))
    await ledger.files.remove(ADMIN, first.id)
    const second = await added(ledger, 2)
    await ledger.backupTo(join(backups, 'ledger-20261122-030000.db'))
    const has = (file: StoredFile) => existsSync(contentPath(filesIn(backups), file.sha256))
    expect([has(first), has(second)]).toEqual([true, true])
    await pruneBackups(backups, 1, Date.now())
    expect([has(first), has(second)]).toEqual([true, true])
    await ledger.backupTo(join(backups, 'ledger-20261123-030000.db'))
    await pruneBackups(backups, 1, Date.now() + 2 * 3_600_000)
    expect([has(first), has(second)]).toEqual([false, true])
  })

  it('that are missing or changed beside the copy do not stop a restore, and are counted', async () => {
    const directory = newDirectory()
    const backups = newDirectory()
    const ledger = await startedLedger(directory)
    await ledger.devices.create(ADMIN, { id: 'S1', kind: 'smoke', name: '烟感' })
    const [gone, changed, whole] = [await added(ledger, 1), await added(ledger, 2), await added(ledger, 3)]
    const backup = join(backups, 'copy.db')
    await ledger.backupTo(backup)
    await ledger.stop()
    rmSync(contentPath(filesIn(backups), gone.sha256))
    rmSync(contentPath(filesIn(backups), changed.sha256))
    writeFileSync(contentPath(filesIn(backups), changed.sha256), 'something else')
    const elsewhere = newDirectory()
    expect((await restoreLedger(elsewhere, backup, T0)).files).toEqual({ named: 3, missing: 2 })
    const again = await startedLedger(elsewhere)
    expect([await read(again, gone), await read(again, changed), await read(again, whole)]).toEqual([
      null,
      null,
      'photograph 3',
    ])
  })
})

describe('restoring', () => {
  it('G8: brings everything back, chain and sequence verified, and keeps what was there', async () => {
    const directory = newDirectory()
    const backup = join(newDirectory(), 'copy.db')
    const first = await startedLedger(directory)
    await first.devices.create(ADMIN, { id: 'S1', kind: 'smoke', name: '烟感' })
    await journal(first, 'before')
    await first.backupTo(backup)
    const identity = await first.devices.identity('S1')
    const incarnation = await first.journal.incarnation()
    await journal(first, 'after')
    await first.devices.create(ADMIN, { id: 'S2', kind: 'smoke', name: '烟感' })
    await first.stop()

    const restored = await restoreLedger(directory, backup, T0)
    expect(restored).toMatchObject({ transitions: 1, alarms: 1, devices: 1, audit: { rows: 1 } })
    expect(await verifyLedgerFile(restored.replaced ?? '', MIGRATIONS.length)).toMatchObject({
      transitions: 2,
      devices: 2,
    })

    const second = await startedLedger(directory)
    expect((await second.alarms.open(EVERYTHING)).map(({ id }) => id)).toEqual(['before'])
    expect(await second.devices.identity('S1')).toEqual(identity)
    expect(await second.audit.verify()).toMatchObject({ ok: true, rows: 2 })
    expect((await second.audit.list({ limit: 1 })).items[0]).toMatchObject({ action: 'ledger.restored', at: T0 })
    expect((await journal(second, 'next')).head).toBe(2)
    // Number 2 was another transition before: screens must not take it for the one they have.
    expect(await second.journal.incarnation()).not.toBe(incarnation)
  })

  it('into an empty directory starts a hub that moved to another machine', async () => {
    const backup = join(newDirectory(), 'copy.db')
    const old = await startedLedger(newDirectory())
    await journal(old, 'a')
    await old.backupTo(backup)
    const elsewhere = join(newDirectory(), 'data')
    expect(await restoreLedger(elsewhere, backup, T0)).toMatchObject({ replaced: null, transitions: 1 })
    expect(await (await startedLedger(elsewhere)).journal.head()).toBe(1)
  })

  it('takes a plain copy of a ledger file together with its log', async () => {
    const directory = newDirectory()
    const ledger = await startedLedger(directory)
    await journal(ledger, 'only-in-the-log')
    // What an administrator's `cp` of an idle ledger leaves: most of it is still in the log.
    const file = join(newDirectory(), 'ledger.db')
    for (const suffix of ['', '-wal'])
      writeFileSync(`${file}${suffix}`, readFileSync(`${ledgerFileIn(directory)}${suffix}`))
    expect(await restoreLedger(newDirectory(), file, T0)).toMatchObject({ transitions: 1 })
  })

  it('is refused while a hub runs, and changes nothing', async () => {
    const directory = newDirectory()
    const ledger = await startedLedger(directory)
    const backup = join(newDirectory(), 'copy.db')
    await ledger.backupTo(backup)
    await journal(ledger, 'a')
    await expect(restoreLedger(directory, backup, T0)).rejects.toMatchObject({ reason: 'in_use' })
    expect((await journal(ledger, 'b')).head).toBe(2)
  })

  it.each([
    ['is missing', () => undefined],
    [
      'is no database',
      (file: string) => writeFileSync(file, 'not a database, but long enough to be read as one'.repeat(100)),
    ],
    ['was cut short', (file: string) => truncateSync(file, 3 * 4096)],
    ['is another database', (file: string) => new DatabaseSync(file).exec('create table t (x)')],
    [
      'has a changed audit row',
      (file: string) => new DatabaseSync(file).exec(`update audit set address = 'elsewhere'`),
    ],
    ['lacks a transition', (file: string) => new DatabaseSync(file).exec('delete from transition where seq = 2')],
    [
      'lost the newest step of an alarm',
      (file: string) => new DatabaseSync(file).exec('update alarm set seq = 1 where seq = 3'),
    ],
  ])('of a backup that %s is refused, and changes nothing', async (what, harm) => {
    const directory = newDirectory()
    const backup = join(newDirectory(), 'copy.db')
    const ledger = await startedLedger(directory)
    await ledger.audit.record(ADMIN, 'export.alarms', 'ledger')
    for (const alarmId of ['a', 'b', 'a']) await journal(ledger, alarmId)
    if (what !== 'is missing' && what !== 'is another database') await ledger.backupTo(backup)
    await ledger.stop()
    harm(backup)
    const refusal = restoreLedger(directory, backup, T0)
    await expect(refusal).rejects.toThrow(LedgerUnusable)
    await expect(refusal).rejects.toMatchObject({ reason: 'damaged' })
    expect(existsSync(`${ledgerFileIn(directory)}.incoming`)).toBe(false)
    expect(await verifyLedgerFile(ledgerFileIn(directory), MIGRATIONS.length)).toMatchObject({ transitions: 3 })
  })

  it('works on a ledger that is itself damaged beyond opening', async () => {
    const directory = newDirectory()
    const backup = join(newDirectory(), 'copy.db')
    const ledger = await startedLedger(directory)
    await journal(ledger, 'a')
    await ledger.backupTo(backup)
    await ledger.stop()
    writeFileSync(ledgerFileIn(directory), 'ruined '.repeat(2_000))
    const { replaced } = await restoreLedger(directory, backup, T0)
    expect(readFileSync(replaced ?? '', 'utf8')).toContain('ruined')
    expect(await (await startedLedger(directory)).journal.head()).toBe(1)
  })
})

describe('npm run backup, npm run restore', () => {
  it('back up while the hub runs, refuse to restore until it has stopped', async () => {
    const directory = newDirectory()
    const to = newDirectory()
    const ledger = await startedLedger(directory)
    await journal(ledger, 'a')
    const made = await run('backup', directory, '--to', to)
    expect(made).toMatchObject({ code: 0, output: expect.stringContaining('已备份') as string })
    const [name] = readdirSync(to)
    const file = join(to, name ?? '')
    await journal(ledger, 'b')

    const refused = await run('restore', directory, file)
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('ZHIAN_DATA_DIR') as string })
    await ledger.stop()
    const done = await run('restore', directory, file)
    expect(done).toMatchObject({ code: 0, output: expect.stringContaining('已恢复') as string })
    expect(await (await startedLedger(directory)).journal.head()).toBe(1)
  })

  it('say what is wrong with how they were called', async () => {
    const directory = newDirectory()
    expect(await run('backup', directory)).toMatchObject({
      code: 1,
      output: expect.stringContaining(directory) as string,
    })
    expect(await run('backup', directory, '--where')).toMatchObject({ code: 2 })
    expect(await run('restore', directory)).toMatchObject({ code: 2 })
    expect(await run('restore', directory, join(directory, 'none.db'))).toMatchObject({ code: 1 })
  })
})
