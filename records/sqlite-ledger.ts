// The ledger on SQLite: opens it (lock, migrate, seed) and puts its parts together.
import { existsSync } from 'node:fs'
import { backupOf } from './backups.ts'
import { DEVICE_TOKEN_KEY, newDeviceTokenKey } from './device-token-key.ts'
import { carryOnErasures } from './erasures.ts'
import { FileContents, filesIn } from './file-contents.ts'
import { INCARNATION } from './journal.ts'
import type { Ledger, LedgerOptions } from './ledger.ts'
import { dropOutdated } from './maintain.ts'
import { migrate, refuseNewer, schemaVersion } from './migrate.ts'
import { MIGRATIONS } from './migrations/all.ts'
import { ledgerParts } from './parts.ts'
import { PersonalBox } from './personal-box.ts'
import { personalKeyFileIn, readOrMakePersonalKeys } from './personal-key.ts'
import { copyLedger } from './sqlite/copy.ts'
import { ledgerFileIn, lockFileIn, logOf, makePrivateDirectory } from './sqlite/files.ts'
import { takeLock } from './sqlite/lock.ts'
import type { LedgerLock } from './sqlite/lock.ts'
import { openReader, openWriter, SQLITE_TYPES } from './sqlite/open.ts'
import type { Connection } from './sqlite/open.ts'
import { SqliteStore } from './sqlite/store.ts'
import { tornTailOf } from './sqlite/torn-log.ts'
import { newId } from './store.ts'

/** How often contents of files are looked for that no row names, ms. */
const SWEEP_EVERY = 3_600_000

/** Inert until `start()`. */
export function createLedger(options: LedgerOptions): Ledger {
  const { directory, migrations = MIGRATIONS, now = Date.now, log = () => undefined } = options
  const { personalKeyFile = personalKeyFileIn(directory) } = options
  const file = ledgerFileIn(directory)
  const store = new SqliteStore(now)
  const box = new PersonalBox()
  let tokenKey: Buffer = Buffer.alloc(0)
  const parts = ledgerParts(store, {
    box,
    contents: new FileContents(filesIn(directory)),
    hashToken: (token) => options.hashDeviceToken(token, tokenKey),
  })
  let sweptAt = now()
  let lock: LedgerLock | null = null
  let stopping: Promise<void> | null = null
  const death = Promise.withResolvers<never>()
  // Whoever waits hears of it; nobody has to.
  death.promise.catch(() => undefined)

  async function start(): Promise<void> {
    makePrivateDirectory(directory)
    lock = takeLock(lockFileIn(directory))
    try {
      reportTornLog()
      const writer = await openWriter(file)
      store.useWriter(writer)
      await bringUpToDate(writer)
      const reader = await openReader(file)
      store.useReader(reader)
      await readOrMakePersonalKeys(box, personalKeyFile, reader.db)
      await sweepFiles()
      for (const connection of [writer, reader]) void connection.died.then(death.reject)
      tokenKey = Buffer.from(await parts.settings.ensure(DEVICE_TOKEN_KEY, newDeviceTokenKey), 'base64')
      await parts.settings.ensure(INCARNATION, newId)
      await parts.rules.seed(options.defaultRules)
    } catch (error) {
      await stop()
      throw error
    }
  }

  async function sweepFiles(): Promise<void> {
    const swept = await parts.files.sweep()
    if (swept > 0) log(`files: removed ${swept} contents that no row names`)
  }

  function reportTornLog(): void {
    const torn = existsSync(logOf(file)) ? tornTailOf(logOf(file)) : null
    if (torn === null) return
    log(`ledger: dropped a torn tail of ${torn.bytes} bytes from the log; ${torn.commits} commits before it are whole`)
  }

  async function bringUpToDate(writer: Connection): Promise<void> {
    const found = await schemaVersion(writer.db)
    refuseNewer(found, migrations.length)
    if (found === migrations.length) return
    if (found > 0) {
      const copy = `${file}.before-schema-${found + 1}-${now()}`
      await copyLedger(file, copy, async () => undefined)
      log(`ledger: schema ${found} is migrated to ${migrations.length}; a copy from before is ${copy}`)
    }
    await migrate(writer.db, found, migrations, SQLITE_TYPES, now())
  }

  function stop(): Promise<void> {
    stopping ??= store.close().finally(() => lock?.release())
    return stopping
  }

  return {
    ...parts,
    start,
    stop,
    failed: death.promise,
    backupTo: (target) => backupOf(file, target, migrations.length).then(() => undefined),
    async maintain(at) {
      await dropOutdated(store, at)
      await carryOnErasures(store)
      if (at - sweptAt < SWEEP_EVERY) return
      sweptAt = at
      await sweepFiles()
    },
  }
}
