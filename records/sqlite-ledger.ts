// The ledger on SQLite: opens it (lock, migrate, seed) and puts its parts together.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { AlarmLists } from './alarms.ts'
import { AuditTrail } from './audit.ts'
import { backupOf } from './backups.ts'
import { CommandRecords } from './commands.ts'
import { CoverageRecords } from './coverage.ts'
import { ChecklistRecords } from './checklists.ts'
import { DeviceRecords } from './devices.ts'
import { carryOnErasures } from './erasures.ts'
import { FileContents, filesIn } from './file-contents.ts'
import { FileRecords } from './files.ts'
import { FloorPlanRecords } from './floor-plans.ts'
import { InvitationRecords } from './invitations.ts'
import { WorkbookImport } from './import-workbook.ts'
import { InspectionRecords } from './inspections.ts'
import { AlarmJournal, INCARNATION } from './journal.ts'
import { KnownBrowserRecords } from './known-browsers.ts'
import { LeaseRecords } from './leases.ts'
import type { Ledger, LedgerOptions } from './ledger.ts'
import { dropOutdated } from './maintain.ts'
import { migrate, refuseNewer, schemaVersion } from './migrate.ts'
import { MIGRATIONS } from './migrations/all.ts'
import { OffBoardRecords } from './off-board.ts'
import { PersonalBox } from './personal-box.ts'
import { personalKeyFileIn, readPersonalKeys } from './personal-key.ts'
import { PlaceRecords } from './places.ts'
import { PrivacyRecords } from './privacy.ts'
import { PromptRecords } from './prompts.ts'
import { PushRecords } from './push.ts'
import { InstallationRecords } from './installations.ts'
import { RejectionRecords } from './rejections.ts'
import { RoomRecords } from './rooms.ts'
import { RuleRecords } from './rules.ts'
import { Everywhere } from './search-everywhere.ts'
import { SecondFactorRecords } from './second-factors.ts'
import { SessionRecords, TokenRecords } from './sessions.ts'
import { SettingRecords } from './settings.ts'
import { ShownRecords } from './shown.ts'
import { copyLedger } from './sqlite/copy.ts'
import { ledgerFileIn, lockFileIn, logOf, makePrivateDirectory } from './sqlite/files.ts'
import { takeLock } from './sqlite/lock.ts'
import type { LedgerLock } from './sqlite/lock.ts'
import { openReader, openWriter, SQLITE_TYPES } from './sqlite/open.ts'
import type { Connection } from './sqlite/open.ts'
import { tornTailOf } from './sqlite/torn-log.ts'
import { LedgerStore, newId } from './store.ts'
import { UserRecords } from './users.ts'
import { WallRecords } from './wall.ts'

/** Setting that keeps the key of device token hashes, base64. */
export const DEVICE_TOKEN_KEY = 'device_token_key'

/** How often contents of files are looked for that no row names, ms. */
const SWEEP_EVERY = 3_600_000

/** Inert until `start()`. */
export function createLedger(options: LedgerOptions): Ledger {
  const { directory, migrations = MIGRATIONS, now = Date.now, log = () => undefined } = options
  const { personalKeyFile = personalKeyFileIn(directory) } = options
  const file = ledgerFileIn(directory)
  const store = new LedgerStore(now)
  const box = new PersonalBox()
  const files = new FileRecords(store, new FileContents(filesIn(directory)))
  const places = new PlaceRecords(store)
  const settings = new SettingRecords(store)
  const rules = new RuleRecords(store)
  let tokenKey: Buffer = Buffer.alloc(0)
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
      await readPersonalKeys(box, personalKeyFile, reader.db)
      await sweepFiles()
      for (const connection of [writer, reader]) void connection.died.then(death.reject)
      tokenKey = Buffer.from(await settings.ensure(DEVICE_TOKEN_KEY, newTokenKey), 'base64')
      await settings.ensure(INCARNATION, newId)
      await rules.seed(options.defaultRules)
    } catch (error) {
      await stop()
      throw error
    }
  }

  async function sweepFiles(): Promise<void> {
    const swept = await files.sweep()
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
    start,
    stop,
    failed: death.promise,
    journal: new AlarmJournal(store),
    alarms: new AlarmLists(store),
    shown: new ShownRecords(store),
    places,
    rooms: new RoomRecords(store, box),
    leases: new LeaseRecords(store, box),
    checklists: new ChecklistRecords(store),
    plans: new FloorPlanRecords(store),
    inspections: new InspectionRecords(store),
    coverage: new CoverageRecords(store),
    placesImport: new WorkbookImport(store),
    devices: new DeviceRecords(store, (token) => options.hashDeviceToken(token, tokenKey)),
    commands: new CommandRecords(store),
    installations: new InstallationRecords(store, (token) => options.hashDeviceToken(token, tokenKey)),
    files,
    privacy: new PrivacyRecords(store, box, places),
    users: new UserRecords(store),
    sessions: new SessionRecords(store),
    tokens: new TokenRecords(store),
    secondFactors: new SecondFactorRecords(store, box),
    invitations: new InvitationRecords(store),
    knownBrowsers: new KnownBrowserRecords(store),
    offBoard: new OffBoardRecords(store),
    rules,
    rejections: new RejectionRecords(store),
    settings,
    audit: new AuditTrail(store),
    push: new PushRecords(store),
    prompts: new PromptRecords(store),
    search: new Everywhere(store),
    wall: new WallRecords(store),
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

function newTokenKey(): string {
  return randomBytes(32).toString('base64')
}
