// Who may do what (G9). Every route and every feed event declares one `Access`; one that declares none does not start.
import type { Role } from '../../contract/http/people.ts'

/**
 * Permission → the roles that have it. `admin` administers; `duty` watches and acts on the alarms of all areas but changes no
 * user, device or rule; `manager` sees the sites they look after, acknowledges and comments there, and no more.
 */
export const MAY = {
  'alarms:read': ['admin', 'duty', 'manager'],
  'alarms:ack': ['admin', 'duty', 'manager'],
  'alarms:comment': ['admin', 'duty', 'manager'],
  'alarms:reset': ['admin', 'duty'],
  'alarms:verdict': ['admin', 'duty'],
  'alarms:field_verified': ['admin', 'duty'],
  'feed:follow': ['admin', 'duty', 'manager'],
  'desk:stand': ['admin', 'duty'],
  'devices:read': ['admin', 'duty', 'manager'],
  'devices:write': ['admin'],
  'sites:read': ['admin', 'duty', 'manager'],
  'sites:write': ['admin'],
  'rules:read': ['admin', 'duty', 'manager'],
  'rules:write': ['admin'],
  'users:read': ['admin'],
  'users:write': ['admin'],
  'audit:read': ['admin'],
  /** Telephone numbers in full, unasked: who keeps the register, and who looks after the place. */
  'contacts:read': ['admin', 'manager'],
  /** To ask for the numbers of one alarm, which is audited. */
  'contacts:ask': ['admin', 'duty', 'manager'],
  'first_steps:read': ['admin', 'duty', 'manager'],
  'first_steps:write': ['admin'],
  'shift:read': ['admin', 'duty'],
  'shift:write': ['admin'],
  'counters:read': ['admin', 'duty'],
  'metrics:read': ['admin'],
  'demo:direct': ['admin', 'duty'],
} as const satisfies Record<string, readonly Role[]>
export type Permission = keyof typeof MAY

export const roleMay = (role: Role, permission: Permission): boolean =>
  (MAY[permission] as readonly Role[]).includes(role)

/** How a route or event keeps to the caller's scope. */
export const SCOPE_RULES = {
  /** Its queries and counts take the scope. */
  filtered: 'filtered',
  /** Its `id` parameter names a device, site or alarm; outside the scope it does not exist (404). */
  device: 'device',
  site: 'site',
  alarm: 'alarm',
  /** Covers every place: only for those whose scope is everything. */
  whole_hub: 'whole_hub',
  /** Holds nothing that belongs to a place. */
  placeless: 'placeless',
} as const
export type ScopeRule = keyof typeof SCOPE_RULES

export type Access =
  /** Without signing in. */
  | { readonly to: 'anyone'; readonly because: string }
  /** Anyone signed in, about themself. `whileChanging`: also before a first password has been changed. */
  | { readonly to: 'self'; readonly whileChanging?: true }
  | { readonly to: 'role'; readonly may: Permission; readonly scope: ScopeRule }

export const anyone = (because: string): Access => ({ to: 'anyone', because })
export const self: Access = { to: 'self' }
export const selfWhileChanging: Access = { to: 'self', whileChanging: true }
export const role = (may: Permission, scope: ScopeRule): Access => ({ to: 'role', may, scope })

/** Throws for a declaration that is missing or not one of the above: a route or event without one must not start. */
export function assertDeclared(what: string, access: unknown): asserts access is Access {
  const declared = access as Partial<Record<'to' | 'because' | 'may' | 'scope', unknown>> | undefined
  const known =
    declared?.to === 'self' ||
    (declared?.to === 'anyone' && typeof declared.because === 'string' && declared.because.length > 0) ||
    (declared?.to === 'role' &&
      Object.hasOwn(MAY, String(declared.may)) &&
      Object.hasOwn(SCOPE_RULES, String(declared.scope)))
  if (!known) throw new Error(`${what} declares no access: say who may use it and how it keeps to their scope`)
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
}
