// Who may do what where (G9). A role is one row of one table: what it may do, in which places, how long a sign-in lasts.
import type { AckLevel, Permission, Role } from './role-names.ts'
import { PERMISSIONS } from './role-names.ts'

export interface SessionRule {
  /** From sign-in until acts need a new one, ms. */
  readonly acting: number
  /** How much longer it may look on after that, ms. */
  readonly viewing: number
  /** Without a request for this long it ends, ms; null: never by idleness. */
  readonly idle: number | null
  /** An open feed counts as activity. */
  readonly feedKeepsAlive: boolean
  /** A command to a device asks for the password again this long after it was last given, ms; null: never. */
  readonly confirmCommandsAfter: number | null
}

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** A desk is never blank at 3 a.m.: after its 26 hours it still shows and sounds, and only acts ask for a new sign-in. */
const AT_A_DESK: SessionRule = {
  acting: 26 * HOUR,
  viewing: 7 * DAY,
  idle: 8 * HOUR,
  feedKeepsAlive: true,
  confirmCommandsAfter: null,
}
/** A telephone in a pocket stays signed in, and proves whose hand it is in before it moves a device. */
const ON_A_PHONE: SessionRule = {
  acting: 30 * DAY,
  viewing: 0,
  idle: null,
  feedKeepsAlive: true,
  confirmCommandsAfter: 15 * 60_000,
}
const IN_AN_OFFICE: SessionRule = {
  acting: 12 * HOUR,
  viewing: 0,
  idle: 0.5 * HOUR,
  feedKeepsAlive: false,
  confirmCommandsAfter: null,
}

export interface RoleRow {
  /** `everything`, or the sites and the subtrees of the areas that the user is given. */
  readonly scope: 'everything' | 'listed'
  /** Whose 接警 it is. A town's stands beside the county's and stops no county horn. */
  readonly ackLevel: AckLevel
  /** Where the role begins its day. */
  readonly home: 'desk' | 'phone' | 'wall' | 'register'
  readonly session: SessionRule
  readonly may: readonly Permission[]
}

/** What everybody with a place to look after sees there. */
const LOOKS: readonly Permission[] = [
  'alarms:read',
  'feed:follow',
  'devices:read',
  'sites:read',
  'rules:read',
  'first_steps:read',
]
/** What a desk shows and decides, of the county or of a town. */
const STANDS: readonly Permission[] = [
  ...LOOKS,
  'alarms:ack',
  'alarms:comment',
  'alarms:verdict',
  'alarms:field_verified',
  'desk:stand',
  'devices:command',
  'rooms:read',
  'leases:read',
  'tenants:unmask',
  'inspections:read',
  'inspections:write',
  'files:read',
  'files:write',
  'coverage:read',
  'search:use',
  'push:subscribe',
  'contacts:ask',
]
const COUNTY_DESK: readonly Permission[] = [
  ...STANDS,
  'alarms:reset',
  'wall:show',
  'shift:read',
  'counters:read',
  'bridges:read',
  'demo:direct',
]

export const ROLE_TABLE = {
  /** 管理员: keeps the register, the people and the rules. */
  admin: { scope: 'everything', ackLevel: 'county', home: 'desk', session: IN_AN_OFFICE, may: PERMISSIONS },
  /** 值班员 of the county. */
  duty: { scope: 'everything', ackLevel: 'county', home: 'desk', session: AT_A_DESK, may: COUNTY_DESK },
  /** 带班领导. */
  leader: {
    scope: 'everything',
    ackLevel: 'county',
    home: 'desk',
    session: AT_A_DESK,
    may: [...COUNTY_DESK, 'inspections:penalise', 'quotas:write'],
  },
  /** 镇街值班员: verifies, reports and rechecks in its own subtree; it cannot penalise, and a latched alarm is the county's to reset. */
  town: { scope: 'listed', ackLevel: 'town', home: 'desk', session: AT_A_DESK, may: STANDS },
  /** 网格员: goes there and looks. */
  grid: {
    scope: 'listed',
    ackLevel: 'town',
    home: 'phone',
    session: ON_A_PHONE,
    may: [
      ...LOOKS,
      'alarms:ack',
      'alarms:comment',
      'alarms:verdict',
      'alarms:field_verified',
      'rooms:read',
      'inspections:read',
      'inspections:write',
      'files:read',
      'files:write',
      'search:use',
      'push:subscribe',
      'contacts:ask',
    ],
  },
  /** 出租房管理员. */
  manager: {
    scope: 'listed',
    ackLevel: 'county',
    home: 'phone',
    session: ON_A_PHONE,
    may: [
      ...LOOKS,
      'alarms:ack',
      'alarms:comment',
      'alarms:verdict',
      'devices:command',
      'rooms:read',
      'rooms:write',
      'leases:read',
      'leases:write',
      'tenants:unmask',
      'inspections:read',
      'files:read',
      'files:write',
      'search:use',
      'push:subscribe',
      'contacts:read',
      'contacts:ask',
    ],
  },
  /** 房东: sees their houses; the manager acts. */
  landlord: {
    scope: 'listed',
    ackLevel: 'county',
    home: 'phone',
    session: ON_A_PHONE,
    may: [
      ...LOOKS,
      'alarms:comment',
      'rooms:read',
      'leases:read',
      'inspections:read',
      'files:read',
      'search:use',
      'push:subscribe',
      'contacts:ask',
    ],
  },
  /** 安装员. */
  installer: {
    scope: 'listed',
    ackLevel: 'county',
    home: 'phone',
    session: ON_A_PHONE,
    may: [
      ...LOOKS,
      'devices:install',
      'devices:command',
      'bridges:read',
      'rooms:read',
      'files:read',
      'files:write',
      'search:use',
      'contacts:ask',
    ],
  },
  /** 审计员: reads everything, changes nothing. */
  auditor: {
    scope: 'everything',
    ackLevel: 'county',
    home: 'register',
    session: IN_AN_OFFICE,
    may: [
      ...LOOKS,
      'rooms:read',
      'leases:read',
      'inspections:read',
      'files:read',
      'coverage:read',
      'search:use',
      'users:read',
      'audit:read',
      'shift:read',
      'counters:read',
      'bridges:read',
      'metrics:read',
    ],
  },
  /** 大屏: shows, and nobody stands at it. */
  wall: {
    scope: 'everything',
    ackLevel: 'county',
    home: 'wall',
    session: AT_A_DESK,
    may: ['alarms:read', 'feed:follow', 'devices:read', 'sites:read', 'wall:show', 'shift:read'],
  },
} as const satisfies Record<Role, RoleRow>

export const rowOf = (role: Role): RoleRow => ROLE_TABLE[role]

export const roleMay = (role: Role, permission: Permission): boolean => rowOf(role).may.includes(permission)
