// Who may do what (G9). Every route and every feed event declares one `Access`; one that declares none does not start.
import { PERMISSIONS } from '../../contract/role-names.ts'
import type { Permission } from '../../contract/role-names.ts'

/** How a route or event keeps to the caller's scope. */
export const SCOPE_RULES = {
  /** Its queries and counts take the scope. */
  filtered: 'filtered',
  /** Its `id` parameter names a device, site, alarm …; outside the scope it does not exist (404). */
  device: 'device',
  site: 'site',
  alarm: 'alarm',
  file: 'file',
  inspection: 'inspection',
  room: 'room',
  lease: 'lease',
  plan: 'plan',
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
      (PERMISSIONS as readonly unknown[]).includes(declared.may) &&
      Object.hasOwn(SCOPE_RULES, String(declared.scope)))
  if (!known) throw new Error(`${what} declares no access: say who may use it and how it keeps to their scope`)
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
}
