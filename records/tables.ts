// The ledger's tables as queries see them. Instants are ms since 1970 (UTC), flags are 0/1, lists and snapshots are JSON
// text: the same in every engine. The migrations create exactly this.
import type { ClusterTables } from './tables/cluster.ts'
import type { CommandTables } from './tables/commands.ts'
import type { EventTables } from './tables/events.ts'
import type { FileTables } from './tables/files.ts'
import type { PlaceTables } from './tables/places.ts'
import type { PromptTables } from './tables/prompts.ts'
import type { PushTables } from './tables/push.ts'
import type { RentalTables } from './tables/rentals.ts'
import type { SignInTables } from './tables/sign-in.ts'
import type { WallTables } from './tables/wall.ts'

/** One row: the end of both sequences. */
export interface HeadTable {
  id: 1
  /** Newest transition. */
  seq: number
  /** Every input up to this position is decided; null before the first. */
  checkpoint: number | null
  audit_seq: number
  audit_hash: string
}

export interface MigrationTable {
  number: number
  name: string
  applied_at: number
}

export interface SettingTable {
  key: string
  value: string
}

export interface AreaTable {
  id: string
  /** '' at the root, so that (parent_id, name) is unique there too. */
  parent_id: string
  name: string
  created_at: number
  /** Pinyin of its name (pinyin.ts). */
  pinyin: string
  /** 1: it went into its parent and holds nothing any more; what happened in it is still found below that one. */
  merged: number
}

/** Every area with each of its ancestors and itself (depth 0). */
export interface AreaClosureTable {
  ancestor_id: string
  area_id: string
  depth: number
}

export interface SiteTable {
  id: string
  name: string
  area_id: string
  /** Contact[] */
  contacts: string
  /** Folded names of its areas and its own, for search. */
  search: string
  /** Pinyin of its own name and of its areas'. */
  pinyin: string
  created_at: number
  category: string | null
  risk: number | null
  regime: string
  /** StoredProfile (site-row.ts) */
  profile: string
}

export interface DeviceTable {
  id: string
  uid: string
  kind: string
  name: string
  site_id: string | null
  gateway_id: string | null
  /** Attributes */
  attributes: string
  lifecycle: string
  token_hash: string
  /** Folded id and name, for search. */
  search: string
  /** Pinyin of its name. */
  pinyin: string
  created_at: number
  /** `partitionOf` its id. */
  partition: number
}

export interface DeviceStateTable {
  device_id: string
  position: number
  state: string
  partition: number
}

export interface TransitionTable {
  seq: number
  alarm_id: string
  device_id: string
  /** Place of the moment: site, innermost area, and all its areas (string[], large to small). */
  site_id: string | null
  area_id: string | null
  area_ids: string
  at: number
  received_at: number | null
  /** Transition */
  body: string
}

/** What alarms are found by; how one stands is in its newest transition. */
export interface AlarmTable {
  id: string
  /** Its newest transition; the place is that transition's. */
  seq: number
  device_id: string
  site_id: string | null
  area_id: string | null
  kind: string
  category: string
  priority: number
  raised_at: number
  cleared_at: number | null
  acked_at: number | null
  closed_at: number | null
  verdict: string | null
  /** Folded title, device and place, for search. */
  search: string
}

/** The first time that a transition was painted on a screen of a user. Kept as long as the transition, after the user too. */
export interface AlarmShownTable {
  seq: number
  user_id: string
  /** Hub wall time of the report. */
  at: number
}

export interface UserTable {
  id: string
  username: string
  name: string
  role: string
  /** '': none yet, the person is invited to set one. */
  password_hash: string
  must_change: number
  disabled: number
  /** string[] of site and area ids */
  sites: string
  areas: string
  /** Pinyin of the name. */
  pinyin: string
  created_at: number
}

export interface SessionTable {
  /** SHA-256 of the cookie's value, hex. */
  id_hash: string
  user_id: string
  created_at: number
  last_seen_at: number
  ends_at: number
  /** From where, and in what, it was begun; '' where that is not known. */
  address: string
  browser: string
}

export interface TokenTable {
  id: string
  user_id: string
  name: string
  /** SHA-256, hex. */
  hash: string
  created_at: number
  expires_at: number | null
  last_used_at: number | null
}

export interface RuleVersionTable {
  /** Kind name, or `hub`. */
  kind: string
  rule_id: string
  version: number
  /** Rule */
  body: string
  created_at: number
  /** User id, or `default`. */
  created_by: string
}

export interface RejectionTable {
  device_id: string
  /** Counts up for each device: the order of arrival. */
  number: number
  at: number
  reason: string
  topic: string
  detail: string
  sample: string
}

export interface AuditTable {
  seq: number
  at: number
  actor_id: string
  address: string
  action: string
  subject: string
  /** string[] */
  fields: string
  hash: string
}

export interface Tables
  extends
    ClusterTables,
    CommandTables,
    EventTables,
    FileTables,
    PlaceTables,
    PromptTables,
    PushTables,
    RentalTables,
    SignInTables,
    WallTables {
  head: HeadTable
  migration: MigrationTable
  setting: SettingTable
  area: AreaTable
  area_closure: AreaClosureTable
  site: SiteTable
  device: DeviceTable
  device_state: DeviceStateTable
  transition: TransitionTable
  alarm: AlarmTable
  alarm_shown: AlarmShownTable
  app_user: UserTable
  session: SessionTable
  bearer_token: TokenTable
  rule_version: RuleVersionTable
  rejection: RejectionTable
  audit: AuditTable
}
