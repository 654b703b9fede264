// The words of who may do what: roles, permissions, levels. What each role has of them is in roles.ts, which a page need not load.
import * as z from 'zod'

export const ROLES = [
  'admin',
  'duty',
  'leader',
  'town',
  'grid',
  'manager',
  'landlord',
  'installer',
  'auditor',
  'wall',
] as const
export const roleSchema = z.enum(ROLES)
export type Role = z.infer<typeof roleSchema>

/** Every permission there is. Routes and feed events name one each; pages ask the same words before they offer an act. */
export const PERMISSIONS = [
  'alarms:read',
  /** 接警, at the level that the row says. */
  'alarms:ack',
  'alarms:comment',
  'alarms:reset',
  /** 核实结论. */
  'alarms:verdict',
  'alarms:field_verified',
  'feed:follow',
  /** An armed horn: counts for `hub.no_desk` where the role sees everything. */
  'desk:stand',
  'devices:read',
  'devices:write',
  /** To put a device up, and another in its place. */
  'devices:install',
  /** The harmless ones: self_test, mute, locate. */
  'devices:command',
  /** External brokers whose devices the hub reads: whether they are there. */
  'bridges:read',
  'sites:read',
  'sites:write',
  /** Areas, sites, rooms and people from a workbook. */
  'places:import',
  'rooms:read',
  'rooms:write',
  /** Tenants are masked. */
  'leases:read',
  'leases:write',
  /** A tenant's name and number in full; audited each time. */
  'tenants:unmask',
  'inspections:read',
  /** 核查, 上报, 复查. */
  'inspections:write',
  /** 处罚: the county's alone; a township has no power of enforcement. */
  'inspections:penalise',
  'files:read',
  'files:write',
  /** What a site ought to have against what it has; installations against quotas. */
  'coverage:read',
  'quotas:write',
  'search:use',
  'push:subscribe',
  'wall:show',
  'wall:write',
  'rules:read',
  'rules:write',
  'users:read',
  'users:write',
  'audit:read',
  /** 个人信息: what is kept of one person, given to them or erased. */
  'privacy:export',
  'privacy:erase',
  /** Telephone numbers in full, unasked: who keeps the register, and who looks after the place. */
  'contacts:read',
  /** To ask for the numbers of one alarm, which is audited; those of an urgent one are given at once, and audited. */
  'contacts:ask',
  'first_steps:read',
  'first_steps:write',
  'shift:read',
  'shift:write',
  'counters:read',
  'metrics:read',
  'demo:direct',
] as const
export const permissionSchema = z.enum(PERMISSIONS)
export type Permission = z.infer<typeof permissionSchema>

/** A desk of the county, or of a town: each takes an alarm for itself. */
export const ACK_LEVELS = ['county', 'town'] as const
export const ackLevelSchema = z.enum(ACK_LEVELS)
export type AckLevel = z.infer<typeof ackLevelSchema>
