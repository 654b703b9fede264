// Administrative writes: the ledger first, then everyone who keeps a copy of it. How those learn of it is the only thing in which
// one process and a cluster differ.
import type { Registry } from '../dashboard/server/ports.ts'
import type { Ledger } from '../records/ledger.ts'

interface By {
  readonly id: string
  readonly name: string
}
/** What a person did to a device and its alarms must hear of. */
export type ToldInput =
  | { readonly type: 'lifecycle'; readonly to: 'in_service' | 'retired'; readonly by: By }
  | { readonly type: 'replaced'; readonly by: By }

/** Whoever keeps a copy in memory: the broker's logins, the pipeline's devices and rules, open connections. */
export interface Learners {
  /** Throws when alarms could not be told now; asked before the ledger is changed. */
  mustHear(): void
  tell(deviceId: string, input: ToldInput): Promise<void>
  /** They are new, or have become others. */
  devices(ids: ReadonlySet<string>): Promise<void>
  /** All that stands at these sites, or in this area. */
  sites(ids: ReadonlySet<string>): Promise<void>
  area(id: string): Promise<void>
  removed(deviceId: string): Promise<void>
  /** The rules of a kind. */
  rules(kind: string): Promise<void>
  /** Ends a device's open connections, where following the ledger does not end them by itself. */
  disconnect(deviceId: string, reason: 'token_changed' | 'retired' | 'deleted'): void
}

export function registryOf(ledger: Ledger, learners: Learners): Registry {
  const learnOne = (id: string): Promise<void> => learners.devices(new Set([id]))

  return {
    devices: {
      async create(actor, device) {
        const created = await ledger.devices.create(actor, device)
        await learnOne(device.id)
        return created
      },
      async import(actor, rows) {
        const tokens = await ledger.devices.import(actor, rows)
        await learners.devices(new Set(tokens.map(({ id }) => id)))
        return tokens
      },
      async update(actor, id, change) {
        const to = change.lifecycle
        const heard = to === 'in_service' || to === 'retired'
        if (heard) learners.mustHear()
        const updated = await ledger.devices.update(actor, id, change)
        if (heard) await learners.tell(id, { type: 'lifecycle', to, by: { id: actor.userId, name: actor.name } })
        await learnOne(id)
        if (to === 'retired') learners.disconnect(id, 'retired')
        return updated
      },
      async delete(actor, id) {
        await ledger.devices.delete(actor, id)
        await learners.removed(id)
        learners.disconnect(id, 'deleted')
      },
      async newToken(actor, id) {
        const token = await ledger.devices.newToken(actor, id)
        await learnOne(id)
        learners.disconnect(id, 'token_changed')
        return token
      },
    },
    places: {
      createSite: (actor, site) => ledger.places.createSite(actor, site),
      async updateSite(actor, id, change) {
        const updated = await ledger.places.updateSite(actor, id, change)
        await learners.sites(new Set([id]))
        return updated
      },
      deleteSite: (actor, id) => ledger.places.deleteSite(actor, id),
      async updateArea(actor, id, change) {
        const updated = await ledger.places.updateArea(actor, id, change)
        await learners.area(id)
        return updated
      },
      async mergeArea(actor, id, into) {
        const merged = await ledger.places.mergeArea(actor, id, into)
        await learners.area(into)
        return merged
      },
    },
    async importPlaces(actor, plan, how) {
      const outcome = await ledger.placesImport.run(actor, plan, how)
      if (!how.preview && outcome.ok && outcome.changedSites.length > 0)
        await learners.sites(new Set(outcome.changedSites))
      return outcome
    },
    users: {
      create: (actor, user) => ledger.users.create(actor, user),
      update: (actor, id, change, keepSession) => ledger.users.update(actor, id, change, keepSession),
      delete: (actor, id) => ledger.users.delete(actor, id),
    },
    files: ledger.files,
    privacy: ledger.privacy,
    rooms: ledger.rooms,
    leases: ledger.leases,
    checklists: ledger.checklists,
    plans: ledger.plans,
    installations: {
      async install(actor, scope, device) {
        const installed = await ledger.installations.install(actor, scope, device)
        await learnOne(device.id)
        // Whoever was let in by the token of the preparation is not the set that hangs there.
        learners.disconnect(device.id, 'token_changed')
        return installed
      },
      async replace(actor, id, set) {
        learners.mustHear()
        const replaced = await ledger.installations.replace(actor, id, set)
        await learnOne(id)
        learners.disconnect(id, 'token_changed')
        await learners.tell(id, { type: 'replaced', by: { id: actor.userId, name: actor.name } })
        return replaced
      },
      async describe(actor, id, attributes) {
        const described = await ledger.installations.describe(actor, id, attributes)
        await learnOne(id)
        return described
      },
    },
    rules: {
      async change(actor, rule) {
        const changed = await ledger.rules.change(actor, rule)
        await learners.rules(rule.kind)
        return changed
      },
    },
  }
}
