// The ledger as its callers see it: what happened, where things are, who may do what. Every write is durable when its
// promise resolves; every read that answers a person takes that person's Scope.
import type { Alarm, Transition } from '../contract/alarms.ts'
import type { auditFilterSchema, auditQuerySchema } from '../contract/http/audit.ts'
import type { AlarmDetail, alarmFilterSchema, alarmListQuerySchema } from '../contract/http/alarms.ts'
import type { Page, pageQuerySchema } from '../contract/http/common.ts'
import type { Attributes, Device, Lifecycle, Rejection } from '../contract/http/devices.ts'
import type { User, userQuerySchema } from '../contract/http/people.ts'
import type { Role } from '../contract/role-names.ts'
import type { Contact } from '../contract/http/places.ts'
import type { KindName } from '../contract/kinds/kind.ts'
import type { KindRule, RuleKind, VersionedRule } from '../contract/rules.ts'
import type { Regime } from '../contract/site-profile.ts'
import type { AnswerOfBatch } from './ledger/cluster.ts'
import type { CoverageRegister } from './ledger/coverage.ts'
import type { DeviceEvents } from './ledger/device-events.ts'
import type { Inspections } from './ledger/inspections.ts'
import type { Places } from './ledger/places.ts'
import type { PlacesImporter } from './ledger/places-import.ts'
import type { CommandLog } from './ledger/commands.ts'
import type { Installations } from './ledger/installations.ts'
import type { Prompts } from './ledger/prompts.ts'
import type { Push } from './ledger/push.ts'
import type { Checklists, FloorPlans, Leases, Rooms } from './ledger/rentals.ts'
import type { Invitations, KnownBrowsers, OffBoard, SecondFactors } from './ledger/sign-in.ts'
import type { Search } from './ledger/search.ts'
import type { Wall } from './ledger/wall.ts'
import type { Migration } from './migrations/migration.ts'
import type { Files } from './ledger/files.ts'
import type { Privacy } from './ledger/privacy.ts'
import type { PlaceOfThing, Scope } from './scope.ts'
import type * as z from 'zod'

export type PageQuery = z.infer<typeof pageQuerySchema>
export type UserQuery = z.infer<typeof userQuerySchema>
export type AlarmQuery = z.infer<typeof alarmListQuerySchema>
export type AlarmFilter = z.infer<typeof alarmFilterSchema>

/** Who does an administrative act, and from where (an address, or a word such as `console`). Audited with the change. */
export interface Actor {
  readonly userId: string
  readonly name: string
  readonly address: string
}

// ---- Journal -----------------------------------------------------------------------------------------------------

/** A transition that has not been given its place in the sequence. */
export type NewTransition = Omit<Transition, 'seq' | 'alarm'> & { readonly alarm: Omit<Alarm, 'seq'> }

export interface JournalEntry extends PlaceOfThing {
  readonly transition: NewTransition
  /** Areas of the moment, ids from large to small; kept with the transition whatever moves later. */
  readonly areaIds: readonly string[]
  /** When the hub received the message that caused it; null if no message did. */
  readonly receivedAt: number | null
  /** From where a person acted; null for what no person did. */
  readonly address: string | null
}

export interface DeviceState {
  readonly deviceId: string
  /** Newest input position that `state` has taken in. */
  readonly position: number
  /** What the alarm engine keeps of the device, in its own encoding. */
  readonly state: string
}

export interface JournalBatch {
  readonly entries: readonly JournalEntry[]
  readonly states: readonly DeviceState[]
  /** Every input up to this position is decided and its states are in this batch or before it; null: not known. */
  readonly checkpoint: number | null
  /** What became of requests, written with what they caused; only where requests travel in streams. */
  readonly answers?: readonly AnswerOfBatch[]
}
/** About as many entries make the best batch: the time of one fsync, and no reader waits long. A device's entries and its
 *  state always go together, however many they are. */
export const JOURNAL_BATCH = 500

export interface CommittedTransition extends PlaceOfThing {
  readonly transition: Transition
  readonly receivedAt: number | null
}

export interface Journal {
  /** All of it in one transaction, or none. Batches commit in call order; the answer comes after the fsync. */
  append(batch: JournalBatch): Promise<{ head: number; committed: CommittedTransition[] }>
  /** The newest sequence number; 0 before the first. */
  head(): Promise<number>
  /** Which ledger this is: another one after a restore, whose sequence numbers stand for other transitions. */
  incarnation(): Promise<string>
  headInScope(scope: Scope): Promise<number>
  /** The newest transition of an alarm; null: there is no such alarm. */
  newestOf(alarmId: string): Promise<CommittedTransition | null>
  /** Transitions with a greater sequence number, ascending, at most `limit`. */
  after(scope: Scope, cursor: number, limit: number): Promise<CommittedTransition[]>
  /** Open alarms and the head in scope of the same instant: what follows the head is not in the alarms. */
  snapshot(scope: Scope): Promise<{ head: number; alarms: Alarm[] }>
  /** Every device's state, in pages, for the start of the hub. */
  deviceStates(): AsyncIterable<DeviceState>
  /** The newest checkpoint, and the newest position any state has taken in; 0 before the first. */
  positions(): Promise<{ checkpoint: number; newest: number }>
}

/** Newest first by the time of their first raise, unless a query asks for another order. */
export interface Alarms {
  open(scope: Scope): Promise<Alarm[]>
  list(scope: Scope, query: AlarmQuery): Promise<Page<Alarm>>
  /** All that match, in pages of bounded size, each read when it is asked for. What is raised meanwhile is not in it. */
  pages(scope: Scope, filter: AlarmFilter): AsyncIterable<readonly Alarm[]>
  /** null: there is none within the scope. Contacts are those of the alarm's site now. */
  get(scope: Scope, id: string): Promise<AlarmDetail | null>
  /** Where it is by its newest transition; null: there is none within the scope. */
  place(scope: Scope, id: string): Promise<PlaceOfThing | null>
}

/** A report that a transition was painted on a screen. */
export interface Painted {
  readonly seq: number
  readonly userId: string
  /** Of the user at that moment: what lies outside was not seen, whatever a page reports. */
  readonly scope: Scope
  /** Hub wall time of the report, ms. */
  readonly at: number
}
export interface Shown {
  /** Keeps the first report of each user on each transition of P1 to P3; all others are ignored. */
  note(painted: readonly Painted[]): Promise<void>
}

// ---- Devices -----------------------------------------------------------------------------------------------------

/** A device as the ledger knows it; presence is the hub's memory. */
export type LedgerDevice = Omit<Device, 'online' | 'lastHeardAt'>

export interface DeviceQuery extends PageQuery {
  /** Matches id, name and place. */
  readonly q?: string | undefined
  readonly kind?: KindName | undefined
  readonly siteId?: string | undefined
  readonly roomId?: string | undefined
  readonly lifecycle?: Lifecycle | undefined
  /** Only these devices (e.g. those online). */
  readonly among?: readonly string[] | undefined
  /** All but these devices. */
  readonly except?: readonly string[] | undefined
}

export interface NewDevice {
  readonly id: string
  readonly kind: KindName
  readonly name: string
  readonly siteId?: string | null | undefined
  readonly gatewayId?: string | null | undefined
  readonly attributes?: Attributes | undefined
}
export interface DeviceChange {
  readonly name?: string | undefined
  readonly siteId?: string | null | undefined
  /** A room of its site; null: in none. Moving to another site takes it out of its room. */
  readonly roomId?: string | null | undefined
  readonly gatewayId?: string | null | undefined
  readonly attributes?: Attributes | undefined
  readonly lifecycle?: Lifecycle | undefined
}
/** One row of an import; `area` and `site` name the place, which is created when it is new. */
export interface ImportRow extends Omit<NewDevice, 'siteId'> {
  /** Physical line in the file, header = 1: an error names it. */
  readonly line: number
  readonly area?: string | undefined
  readonly site?: string | undefined
  readonly contact?: Contact | undefined
}

/** What the hub holds in memory about every device: for logins, decisions and places. */
export interface DeviceIdentity extends PlaceOfThing {
  readonly id: string
  /** Differs when a device is deleted and its id is used again. */
  readonly uid: string
  readonly kind: KindName
  readonly name: string
  readonly tokenHash: string
  readonly lifecycle: Lifecycle
  readonly gatewayId: string | null
  readonly attributes: Attributes
  /** Names from large to small: areas, then the site. */
  readonly place: readonly string[]
  /** Of its site; `normal` without one. */
  readonly siteRegime: Regime
  readonly createdAt: number
}

/** Of the devices' memory, a part; all that is given must hold. */
export interface IdentityFilter {
  /** `partitionOf` its id. */
  readonly partition?: number | undefined
  readonly ids?: readonly string[] | undefined
  readonly siteId?: string | undefined
  /** There or below. */
  readonly areaId?: string | undefined
}

export interface Devices {
  list(scope: Scope, query: DeviceQuery): Promise<Page<LedgerDevice>>
  get(scope: Scope, id: string): Promise<LedgerDevice | null>
  /** The token is answered this once. */
  create(actor: Actor, device: NewDevice): Promise<{ device: LedgerDevice; token: string }>
  /** All or nothing. */
  import(actor: Actor, rows: readonly ImportRow[]): Promise<{ id: string; token: string }[]>
  update(actor: Actor, id: string, change: DeviceChange): Promise<LedgerDevice>
  /** Refused while it has open alarms or children. */
  delete(actor: Actor, id: string): Promise<void>
  /** A new token; the old one is worthless once the caller's memory has the new identity. */
  newToken(actor: Actor, id: string): Promise<string>
  /** Their first message came: registered → in_service. Not a human act, hence not audited. */
  heard(ids: readonly string[]): Promise<void>
  /** In the order of their ids. */
  identities(filter?: IdentityFilter): AsyncIterable<DeviceIdentity>
  identity(id: string): Promise<DeviceIdentity | null>
  /** Identities of all devices of a site, e.g. after it was renamed or moved. */
  identitiesOfSite(siteId: string): Promise<DeviceIdentity[]>
}

// ---- People ------------------------------------------------------------------------------------------------------

export interface NewUser {
  readonly username: string
  readonly name: string
  readonly role: Role
  /** Already hashed (Argon2id), in PHC form; null: they are invited to set one. */
  readonly passwordHash: string | null
  readonly sites?: readonly string[] | undefined
  readonly areas?: readonly string[] | undefined
  readonly mustChange: boolean
}
export interface UserChange {
  readonly name?: string | undefined
  readonly role?: Role | undefined
  readonly passwordHash?: string | undefined
  readonly mustChange?: boolean | undefined
  readonly sites?: readonly string[] | undefined
  readonly areas?: readonly string[] | undefined
  readonly disabled?: boolean | undefined
}
/** A user with what sign-in needs; never leaves the server. */
export interface UserRecord extends User {
  /** null: none yet. */
  readonly passwordHash: string | null
  readonly mustChange: boolean
}

export interface Users {
  list(query: UserQuery): Promise<Page<User>>
  get(id: string): Promise<UserRecord | null>
  byUsername(username: string): Promise<UserRecord | null>
  count(): Promise<number>
  create(actor: Actor, user: NewUser): Promise<User>
  /** A changed role or password, or being disabled, ends the user's other sessions (all but `keepSession`); being disabled
   *  ends their tokens and invitation too. */
  update(actor: Actor, id: string, change: UserChange, keepSession?: string): Promise<User>
  /** The last administrator who can sign in is neither deleted, demoted nor disabled. */
  delete(actor: Actor, id: string): Promise<void>
}

export interface Session {
  readonly userId: string
  readonly createdAt: number
  readonly lastSeenAt: number
  readonly endsAt: number
}
export interface ListedSession extends Session {
  /** Not what is in the cookie. */
  readonly id: string
  /** From where, and in what, it was begun; '' where that is not known. */
  readonly address: string
  readonly browser: string
}
/** Sessions outlive the process: a restart signs no duty officer out. Only a hash of the id is kept. */
export interface Sessions {
  /** Answers the id that goes into the cookie. Audited as the sign-in. */
  begin(actor: Actor, endsAt: number, browser?: string): Promise<string>
  /** null: unknown, ended, or of a disabled user. */
  find(sessionId: string, now: number): Promise<{ session: Session; user: UserRecord } | null>
  touch(sessionId: string, now: number): Promise<void>
  end(actor: Actor, sessionId: string): Promise<void>
  /** Newest first. */
  list(userId: string, now: number): Promise<ListedSession[]>
  /** By its id in lists. Answers false if that user has no such session. */
  revoke(actor: Actor, userId: string, id: string): Promise<boolean>
  /** `but`: what is in the cookie of the one that goes on. */
  endAllOf(actor: Actor, userId: string, but?: string): Promise<void>
}

export interface TokenRecord {
  readonly id: string
  readonly userId: string
  readonly name: string
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly lastUsedAt: number | null
}
/** Bearer tokens: a machine acting as the user who made it. Only a hash is kept. */
export interface Tokens {
  create(
    actor: Actor,
    token: { readonly name: string; readonly expiresAt: number | null },
  ): Promise<TokenRecord & { token: string }>
  find(token: string, now: number): Promise<{ token: TokenRecord; user: UserRecord } | null>
  /** Written at most once a minute a token. */
  used(id: string, now: number): Promise<void>
  list(userId: string, query: PageQuery): Promise<Page<TokenRecord>>
  /** Answers false if that user has no such token. */
  revoke(actor: Actor, userId: string, id: string): Promise<boolean>
}

// ---- Rules, rejections, settings, audit --------------------------------------------------------------------------

export interface Rules {
  /** The newest version of every rule. */
  current(): Promise<VersionedRule[]>
  version(kind: RuleKind, id: string, version: number): Promise<VersionedRule | null>
  /** A new version of a known rule; it applies from the next sample. */
  change(actor: Actor, rule: KindRule): Promise<VersionedRule>
}

export interface NewRejection extends Rejection {
  readonly deviceId: string
}
export interface Rejections {
  /** Keeps the newest 20 a device, at most 1 KiB of sample each. Samples of ids that are not registered are not kept. */
  add(rows: readonly NewRejection[]): Promise<void>
  /** Newest first. */
  list(scope: Scope, deviceId: string, query: PageQuery): Promise<Page<Rejection>>
}

/** The hub's own values, secrets among them: the ledger's files are readable by their owner only. */
export interface Settings {
  get(key: string): Promise<string | null>
  set(key: string, value: string): Promise<void>
  delete(key: string): Promise<void>
  /** The value; the first call makes it. */
  ensure(key: string, make: () => string): Promise<string>
  /** A value that people change: never changed is version 0 with null. */
  versioned(key: string): Promise<VersionedSetting>
  /** All whose keys begin so, by what follows it. */
  versionedUnder(prefix: string): Promise<ReadonlyMap<string, VersionedSetting>>
  /** Refused as `stale` unless `version` is the newest. Audited under the key, with names of fields only. */
  change(actor: Actor, key: string, change: SettingChange): Promise<VersionedSetting>
}
export interface VersionedSetting {
  /** Counts every change, going back to null included: a number means one value only. */
  readonly version: number
  /** As it was given, from JSON; null where the default stands. */
  readonly value: unknown
  readonly changedAt: number | null
}
export interface SettingChange {
  readonly version: number
  readonly value: unknown
  readonly action: string
  readonly fields: readonly string[]
}

/** ids and names of fields, never a personal value: erasing a person must not break the chain (G8). */
export interface AuditRow {
  readonly seq: number
  readonly at: number
  readonly actorId: string
  readonly address: string
  /** `device.created`, `user.updated`, `alarm.acknowledged` … */
  readonly action: string
  readonly subject: string
  readonly fields: readonly string[]
  /** SHA-256 over the previous row's hash and this row, hex. */
  readonly hash: string
}
export type AuditFilter = z.infer<typeof auditFilterSchema>
export type AuditQuery = z.infer<typeof auditQuerySchema>
export type AuditVerdict =
  | { readonly ok: true; readonly rows: number; readonly head: string }
  /** `seq`: the first row that is missing, changed or out of place. */
  | { readonly ok: false; readonly seq: number; readonly reason: 'missing' | 'changed' | 'head' }
export interface Audit {
  /** An act that changes no record of its own, e.g. a refused sign-in or an export. */
  record(
    actor: Pick<Actor, 'userId' | 'address'>,
    action: string,
    subject: string,
    fields?: readonly string[],
  ): Promise<void>
  /** Newest first. */
  list(query: AuditQuery): Promise<Page<AuditRow>>
  /** All that match, newest first, in pages of bounded size, each read when it is asked for. */
  pages(filter: AuditFilter): AsyncIterable<readonly AuditRow[]>
  verify(): Promise<AuditVerdict>
}

// ---- The whole ---------------------------------------------------------------------------------------------------

export interface Ledger {
  /** Takes the lock, migrates, seeds. Rejects with LedgerUnusable when the ledger must not be opened. */
  start(): Promise<void>
  /** Finishes what was taken, closes, releases the lock. Idempotent. */
  stop(): Promise<void>
  /** Rejects if the ledger's thread dies; never resolves. The hub should then end and be started again. */
  readonly failed: Promise<never>
  readonly journal: Journal
  readonly alarms: Alarms
  readonly shown: Shown
  readonly places: Places
  readonly rooms: Rooms
  readonly leases: Leases
  readonly checklists: Checklists
  readonly plans: FloorPlans
  readonly inspections: Inspections
  readonly coverage: CoverageRegister
  readonly placesImport: PlacesImporter
  readonly devices: Devices
  readonly deviceEvents: DeviceEvents
  readonly commands: CommandLog
  readonly installations: Installations
  readonly files: Files
  readonly privacy: Privacy
  readonly users: Users
  readonly sessions: Sessions
  readonly tokens: Tokens
  readonly secondFactors: SecondFactors
  readonly invitations: Invitations
  readonly knownBrowsers: KnownBrowsers
  readonly offBoard: OffBoard
  readonly rules: Rules
  readonly rejections: Rejections
  readonly settings: Settings
  readonly audit: Audit
  readonly push: Push
  readonly prompts: Prompts
  readonly search: Search
  readonly wall: Wall
  /** A consistent copy of the running ledger, verified, under a name that appears only when it is whole. */
  backupTo(file: string): Promise<void>
  /** Drops rejections older than 7 days, ended sessions and expired tokens. */
  maintain(now: number): Promise<void>
}

export interface LedgerOptions {
  /** Data directory; created with mode 0700. The ledger is `ledger.db` in it. */
  readonly directory: string
  /** Rules that a new ledger starts with; ids it does not know yet are added at start as version 1. */
  readonly defaultRules: readonly KindRule[]
  /** Keyed hash of a device token, as the broker compares it. The ledger makes and keeps `key` (setting `device_token_key`). */
  readonly hashDeviceToken: (token: string, key: Uint8Array) => string
  /** Of the box that seals personal values; without it `keys/personal.key` in the directory. Made at the first start. */
  readonly personalKeyFile?: string | undefined
  /** The schema's history; only tests of an upgrade give another than this program's. */
  readonly migrations?: readonly Migration[]
  /** Wall time, ms. */
  readonly now?: () => number
  /** One line for the log: a migration, a torn log, a copy made. English. */
  readonly log?: (line: string) => void
}
