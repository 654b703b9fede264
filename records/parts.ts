// The parts of a ledger, whatever engine keeps it.
import { AlarmLists } from './alarms.ts'
import { AuditTrail } from './audit.ts'
import { ChecklistRecords } from './checklists.ts'
import { CommandRecords } from './commands.ts'
import { CoverageRecords } from './coverage.ts'
import { DeviceEventRecords } from './device-events.ts'
import { DeviceRecords } from './devices.ts'
import type { HashToken } from './devices.ts'
import { FileRecords } from './files.ts'
import type { Contents } from './files.ts'
import { FloorPlanRecords } from './floor-plans.ts'
import { WorkbookImport } from './import-workbook.ts'
import { InspectionRecords } from './inspections.ts'
import { InstallationRecords } from './installations.ts'
import { InvitationRecords } from './invitations.ts'
import { AlarmJournal } from './journal.ts'
import { KnownBrowserRecords } from './known-browsers.ts'
import { LeaseRecords } from './leases.ts'
import type { Ledger } from './ledger.ts'
import { OffBoardRecords } from './off-board.ts'
import type { PersonalBox } from './personal-box.ts'
import { PlaceRecords } from './places.ts'
import { PrivacyRecords } from './privacy.ts'
import { PromptRecords } from './prompts.ts'
import { PushRecords } from './push.ts'
import { RejectionRecords } from './rejections.ts'
import { RoomRecords } from './rooms.ts'
import { RuleRecords } from './rules.ts'
import { Everywhere } from './search-everywhere.ts'
import { SecondFactorRecords } from './second-factors.ts'
import { SessionRecords, TokenRecords } from './sessions.ts'
import { SettingRecords } from './settings.ts'
import { ShownRecords } from './shown.ts'
import type { Store } from './store.ts'
import { UserRecords } from './users.ts'
import { WallRecords } from './wall.ts'

/** All but what is the engine's own business. */
type Parts = Omit<Ledger, 'start' | 'stop' | 'failed' | 'backupTo' | 'maintain'>

/** As they are put together: the start and the upkeep need more of some than callers see. */
export type LedgerParts = Parts & { readonly rules: RuleRecords; readonly files: FileRecords }

export interface PartsOptions {
  readonly box: PersonalBox
  readonly contents: Contents
  readonly hashToken: HashToken
}

export function ledgerParts(store: Store, { box, contents, hashToken }: PartsOptions): LedgerParts {
  const places = new PlaceRecords(store)
  return {
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
    devices: new DeviceRecords(store, hashToken),
    deviceEvents: new DeviceEventRecords(store),
    commands: new CommandRecords(store),
    installations: new InstallationRecords(store, hashToken),
    files: new FileRecords(store, contents),
    privacy: new PrivacyRecords(store, box, places),
    users: new UserRecords(store),
    sessions: new SessionRecords(store),
    tokens: new TokenRecords(store),
    secondFactors: new SecondFactorRecords(store, box),
    invitations: new InvitationRecords(store),
    knownBrowsers: new KnownBrowserRecords(store),
    offBoard: new OffBoardRecords(store),
    rules: new RuleRecords(store),
    rejections: new RejectionRecords(store),
    settings: new SettingRecords(store),
    audit: new AuditTrail(store),
    push: new PushRecords(store),
    prompts: new PromptRecords(store),
    search: new Everywhere(store),
    wall: new WallRecords(store),
  }
}
