// What the dashboard needs from the rest of the hub. Only `hub/` joins these to what fulfils them.
import type { Act, ActRefusal, Person, Transition } from '../../contract/alarms.ts'
import type { Command, CommandArgs, CommandRefusal } from '../../contract/http/commands.ts'
import type { Bridge } from '../../contract/http/bridges.ts'
import type { DeviceCounters, Series } from '../../contract/http/devices.ts'
import type { HubFigures } from '../../contract/http/hub-figures.ts'
import type { MqttPorts } from '../../contract/http/people.ts'
import type { Actor, Ledger, CommittedTransition, Devices, Rules, Users } from '../../records/ledger.ts'
import type { SetAsides } from '../../records/ledger/cluster.ts'
import type { Places } from '../../records/ledger/places.ts'
import type { PlacesImporter } from '../../records/ledger/places-import.ts'
import type { Checklists, FloorPlans, Leases, Rooms } from '../../records/ledger/rentals.ts'
import type { PlaceOfThing } from '../../records/scope.ts'
import type { GuardMemory } from './auth/guard-memory.ts'
import type { Demo } from './demo-port.ts'

/**
 * The ledger: read with a Scope; written only for what is the dashboard's own (sessions, bearer tokens, what guards sign-in
 * and its end, the audit of sign-ins and disclosures, its settings). Everything else is written through `Registry` and `Acts`.
 */
export interface Records {
  readonly journal: Pick<Ledger['journal'], 'incarnation' | 'head' | 'headInScope' | 'after' | 'snapshot'>
  readonly alarms: Ledger['alarms']
  readonly shown: Ledger['shown']
  readonly places: Pick<Places, 'countedAreas' | 'sites' | 'site'>
  readonly inspections: Ledger['inspections']
  readonly coverage: Ledger['coverage']
  readonly rooms: Pick<Rooms, 'list' | 'get' | 'taken' | 'stays'>
  readonly leases: Pick<Leases, 'list' | 'get' | 'managersOf' | 'roomOfAlarm'>
  readonly checklists: Pick<Checklists, 'list'>
  readonly plans: Pick<FloorPlans, 'list' | 'get'>
  readonly devices: Pick<Devices, 'list' | 'get'>
  readonly commands: Pick<Ledger['commands'], 'list'>
  readonly privacy: Pick<Ledger['privacy'], 'find' | 'export'>
  readonly files: Pick<Ledger['files'], 'sees' | 'list' | 'get' | 'read'>
  readonly users: Pick<Users, 'list' | 'get' | 'byUsername' | 'count'>
  readonly sessions: Ledger['sessions']
  readonly tokens: Ledger['tokens']
  readonly secondFactors: Ledger['secondFactors']
  readonly invitations: Ledger['invitations']
  readonly knownBrowsers: Ledger['knownBrowsers']
  readonly offBoard: Ledger['offBoard']
  readonly rules: Pick<Rules, 'current' | 'version'>
  readonly rejections: Pick<Ledger['rejections'], 'list'>
  readonly settings: Pick<Ledger['settings'], 'get' | 'set' | 'versioned' | 'versionedUnder' | 'change'>
  readonly audit: Ledger['audit']
  readonly push: Pick<Ledger['push'], 'subscribe' | 'unsubscribe' | 'received' | 'figures'>
  readonly prompts: Pick<Ledger['prompts'], 'of' | 'answer'>
  readonly search: Ledger['search']
  readonly wall: Ledger['wall']
}

/**
 * Administrative writes. Each does what the ledger's method of the same name does and resolves when broker and ingest
 * know of it too: a revoked token no longer logs in, a moved device's next transition carries its new place.
 */
export interface Registry {
  readonly devices: Pick<Devices, 'create' | 'import' | 'update' | 'delete' | 'newToken'>
  readonly installations: Ledger['installations']
  readonly places: Pick<Places, 'createSite' | 'updateSite' | 'deleteSite' | 'updateArea' | 'mergeArea'>
  readonly rooms: Pick<Rooms, 'create' | 'createMany' | 'update' | 'delete'>
  readonly leases: Pick<Leases, 'moveIn' | 'update' | 'moveOut' | 'disclose'>
  readonly checklists: Pick<Checklists, 'add'>
  readonly plans: Pick<FloorPlans, 'create' | 'update' | 'delete'>
  readonly users: Pick<Users, 'create' | 'update' | 'delete'>
  readonly files: Pick<Ledger['files'], 'add' | 'remove'>
  readonly privacy: Pick<Ledger['privacy'], 'erase'>
  readonly rules: Pick<Rules, 'change'>
  /** A workbook of places; see `records/ledger/places-import.ts`. */
  readonly importPlaces: PlacesImporter['run']
}

export type ActOutcome =
  { readonly ok: true; readonly transition: Transition } | { readonly ok: false; readonly refusal: ActRefusal }

/** Human acts on alarms, decided where every other input is decided. */
export interface Acts {
  /** Resolves when the act is in the ledger or refused. `address`: from where the person acted (G8). */
  submit(act: Act, address: string): Promise<ActOutcome>
}

export interface LivePresence extends PlaceOfThing {
  readonly deviceId: string
  readonly online: boolean
  /** Hub wall time, ms. */
  readonly at: number
}

export interface LiveReading extends PlaceOfThing {
  readonly deviceId: string
  /** Sample time, ms. */
  readonly ts: number
  readonly values: Readonly<Record<string, number>>
}

export interface LiveCommand extends PlaceOfThing {
  readonly command: Command
}

export interface CommandRequest {
  readonly deviceId: string
  readonly name: string
  readonly args: CommandArgs
  /** Why, in a person's words. */
  readonly reason: string
}
export type CommandOutcome =
  | { readonly ok: true; readonly command: Command }
  | { readonly ok: false; readonly refusal: CommandRefusal; readonly wrongArgs: readonly string[] }

/** Commands to devices: sent now or not at all (G7). */
export interface Commands {
  /** Resolves when it is on its way and in the ledger, or refused. */
  request(actor: Actor, request: CommandRequest): Promise<CommandOutcome>
}

/** What happens now. A listener returns at once and never throws; the answer of each call ends the subscription. */
export interface FeedSource {
  /** Transitions after their commit (G2), in the order of their sequence. What is missed is read from the ledger. */
  onTransitions(listener: (committed: readonly CommittedTransition[]) => void): () => void
  onPresence(listener: (presence: LivePresence) => void): () => void
  onReading(listener: (reading: LiveReading) => void): () => void
  /** From now on somebody here watches the readings of this device, or nobody does: others need not be told of. */
  watch(deviceId: string, watched: boolean): void
  /** Commands that were asked or went on, once that is in the ledger. */
  onCommand(listener: (live: LiveCommand) => void): () => void
  /** False while commits fail. */
  readonly isStoring: boolean
  /** True while readings are safe but wait for the store of the histories, so that charts end early. Alarms do not wait for it. */
  readonly readingsLate: boolean
  /** Either of the two has changed. */
  onStoring(listener: (storing: boolean) => void): () => void
}

/** What may have changed in who may see what, wherever it was done. */
export type AccessChange =
  | { readonly what: 'user'; readonly userId: string }
  /** By its id in lists. */
  | { readonly what: 'session'; readonly id: string }
  | { readonly what: 'token' }
  /** Which areas lie where: cursors of those who see some of them are worth nothing. */
  | { readonly what: 'places' }

/** What a page has opened. */
export interface Viewing {
  readonly alarmId: string
  readonly place: PlaceOfThing
  readonly person: Person
}

/** The other dashboards of a cluster. A listener returns at once and never throws; each answer ends its subscription. */
export interface Peers {
  onAccess(listener: (change: AccessChange) => void): () => void
  /** `page`: a name that no page of another dashboard has. null: it has nothing open. Pages repeat it; it may be lost. */
  tellViewing(page: string, viewing: Viewing | null): void
  /** What the pages of others have opened. */
  onViewing(listener: (page: string, viewing: Viewing | null) => void): () => void
}

/** Who is connected and when each was last heard; in the hub's memory. */
export interface Presence {
  of(deviceId: string): { readonly online: boolean; readonly lastHeardAt: number | null }
  online(): readonly string[]
  /** Devices that are not retired, in places for which `within` says yes: all of them, and by each area around them. */
  tally(within: (place: PlaceOfThing) => boolean): {
    readonly all: Heard
    readonly byArea: ReadonlyMap<string, Heard>
  }
}

/** `silent`: in service and not heard; who was never heard is neither online nor silent. */
export interface Heard {
  readonly total: number
  readonly online: number
  readonly silent: number
}

/** The reading store's queries. */
export interface Readings {
  /** At most `points` buckets of one metric over [from, to); buckets without samples are left out. */
  series(query: {
    deviceId: string
    kind: string
    metric: string
    from: number
    to: number
    points: number
  }): Promise<readonly Series['points'][number][]>
  /** What a cumulative counter ran up over [from, to), a fall beginning anew; null: it said nothing. */
  counter(query: { deviceId: string; kind: string; metric: string; from: number; to: number }): Promise<{
    readonly first: { readonly ts: number; readonly value: number }
    readonly last: { readonly ts: number; readonly value: number }
    readonly consumed: number
    readonly falls: number
    /** Days in China with a reading, counted from 1970. */
    readonly days: readonly number[]
  } | null>
  latest(
    deviceId: string,
    kind: string,
  ): Promise<readonly { readonly metric: string; readonly value: number; readonly ts: number }[]>
  /** Newest first, over [from, to). */
  events(query: { deviceId: string; from: number; to: number; limit: number }): Promise<
    readonly {
      readonly ts: number
      readonly receivedAt: number
      readonly type: 'event' | 'status'
      readonly name: string
      readonly data: Readonly<Record<string, unknown>>
    }[]
  >
}

/** Hears of the desks whose horn is armed, for `hub.no_desk`: on every change, and every 5 s. */
export interface DeskWatch {
  armed(desks: number, at: number): void
}

/** Messages to telephones. */
export interface PushPort {
  /** base64url: what a browser subscribes with. */
  readonly publicKey: string
  /** False for an address that the hub will not call. */
  accepts(endpoint: string): boolean
  /** To the user's own telephones; answers how many. */
  trial(userId: string): Promise<number>
}

/** What the rest of the hub measured; the dashboard adds its own. */
export type HubAccount = Omit<HubFigures, 'at' | 'version' | 'feed' | 'shown'>

export type DeviceAccount = Omit<DeviceCounters, 'deviceId'>

/** What parts of the hub can do their work now. */
export interface Health {
  ready(): Promise<{ readonly ok: boolean; readonly parts: Readonly<Record<string, boolean>> }>
}

export interface Ports {
  readonly records: Records
  readonly registry: Registry
  readonly acts: Acts
  readonly commands: Commands
  readonly feed: FeedSource
  readonly presence: Presence
  readonly readings: Readings
  readonly counters: {
    read(): Promise<HubAccount>
    /** Of one device; null if the hub does not know it. */
    ofDevice(deviceId: string): Promise<DeviceAccount | null>
  }
  readonly desks: DeskWatch
  readonly push: PushPort
  readonly health: Health
  /** Only of a hub that plays the demonstration. */
  readonly demo?: Demo | undefined
  /** Where devices connect; null until the broker listens. */
  readonly mqtt: { ports(): MqttPorts | null }
  /** External brokers that are read, by the word of the processes that read them. */
  readonly bridges: { read(): Promise<readonly Bridge[]> }
  /** Shared by all dashboards of a cluster; without it, this process's own. */
  readonly guardMemory?: GuardMemory | undefined
  /** Only in a cluster. */
  readonly peers?: Peers | undefined
  /** Only in a cluster: entries that could not be read or decided. */
  readonly setAsides?: Pick<SetAsides, 'list'> | undefined
}
