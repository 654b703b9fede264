// Administrative writes: the ledger first, then everyone who keeps a copy in memory — the broker's credentials, the
// pipeline's devices, open connections.
import type { Registry } from '../dashboard/server/ports.ts'
import { isSamePlace } from '../ingest/devices.ts'
import type { Devices as IngestDevices, Placement } from '../ingest/devices.ts'
import type { DeviceProfile } from '../ingest/alarms/types.ts'
import type { Pipeline } from '../ingest/pipeline.ts'
import type { DeviceIdentity, Ledger } from '../records/ledger.ts'
import type { MemoryCredentials } from './credentials.ts'
import type { Unheard } from './unheard.ts'

export interface RegistryParts {
  readonly ledger: Ledger
  readonly credentials: MemoryCredentials
  readonly devices: IngestDevices
  readonly pipeline: Pipeline
  /** Ends a device's open connections. */
  readonly disconnect: (deviceId: string, reason: 'token_changed' | 'retired' | 'deleted') => void
  readonly unheard: Pick<Unheard, 'learn'>
  /** Reads the rules' current versions again. */
  readonly reloadRules: () => Promise<void>
  readonly now: () => number
}

export const profileOf = (identity: DeviceIdentity): DeviceProfile => ({
  uid: identity.uid,
  deviceId: identity.id,
  kind: identity.kind,
  attributes: identity.attributes,
  lifecycle: identity.lifecycle,
  gatewayId: identity.gatewayId,
  inServiceSince: null,
  siteRegime: identity.siteRegime,
})

export const placementOf = (identity: DeviceIdentity): Placement => ({
  deviceName: identity.name,
  siteId: identity.siteId,
  areaIds: identity.areaIds,
  place: identity.place,
})

export function createRegistry(parts: RegistryParts): Registry {
  const { ledger, credentials, devices, pipeline, disconnect, unheard, now } = parts

  const learn = (identity: DeviceIdentity): void => {
    credentials.put(identity)
    unheard.learn(identity)
    const before = devices.get(identity.id)?.placement
    const placement = placementOf(identity)
    const runtime = devices.put(profileOf(identity), placement, now())
    if (before !== undefined && !isSamePlace(before, placement)) pipeline.input(runtime, { type: 'moved' })
    // Its rules may decide otherwise now, and an alarm whose rule is gone must say so.
    pipeline.input(runtime, { type: 'tick' })
  }
  const learnOne = async (id: string): Promise<void> => {
    const identity = await ledger.devices.identity(id)
    if (identity !== null) learn(identity)
  }
  /** One pass over all devices costs less than a query for each of many. */
  const learnMany = async (ids: ReadonlySet<string>): Promise<void> => {
    for await (const identity of ledger.devices.identities()) if (ids.has(identity.id)) learn(identity)
  }
  const learnSite = async (siteId: string): Promise<void> => {
    for (const identity of await ledger.devices.identitiesOfSite(siteId)) learn(identity)
  }
  const learnArea = async (areaId: string): Promise<void> => {
    for await (const identity of ledger.devices.identities()) if (identity.areaIds.includes(areaId)) learn(identity)
  }

  return {
    devices: {
      async create(actor, device) {
        const created = await ledger.devices.create(actor, device)
        await learnOne(device.id)
        return created
      },
      async import(actor, rows) {
        const tokens = await ledger.devices.import(actor, rows)
        await learnMany(new Set(tokens.map(({ id }) => id)))
        return tokens
      },
      async update(actor, id, change) {
        const updated = await ledger.devices.update(actor, id, change)
        const runtime = devices.get(id)
        const by = { id: actor.userId, name: actor.name }
        const to = change.lifecycle
        if (runtime !== undefined && (to === 'in_service' || to === 'retired'))
          pipeline.input(runtime, { type: 'lifecycle', to, by })
        await learnOne(id)
        if (change.lifecycle === 'retired') disconnect(id, 'retired')
        return updated
      },
      async delete(actor, id) {
        await ledger.devices.delete(actor, id)
        credentials.remove(id)
        devices.remove(id)
        disconnect(id, 'deleted')
      },
      async newToken(actor, id) {
        const token = await ledger.devices.newToken(actor, id)
        await learnOne(id)
        disconnect(id, 'token_changed')
        return token
      },
    },
    places: {
      createSite: (actor, site) => ledger.places.createSite(actor, site),
      async updateSite(actor, id, change) {
        const updated = await ledger.places.updateSite(actor, id, change)
        await learnSite(id)
        return updated
      },
      deleteSite: (actor, id) => ledger.places.deleteSite(actor, id),
      async updateArea(actor, id, change) {
        const updated = await ledger.places.updateArea(actor, id, change)
        await learnArea(id)
        return updated
      },
      async mergeArea(actor, id, into) {
        const merged = await ledger.places.mergeArea(actor, id, into)
        await learnArea(into)
        return merged
      },
    },
    async importPlaces(actor, plan, how) {
      const outcome = await ledger.placesImport.run(actor, plan, how)
      if (how.preview || !outcome.ok || outcome.changedSites.length === 0) return outcome
      const changed = new Set(outcome.changedSites)
      for await (const identity of ledger.devices.identities())
        if (identity.siteId !== null && changed.has(identity.siteId)) learn(identity)
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
        disconnect(device.id, 'token_changed')
        return installed
      },
      async replace(actor, id, set) {
        const replaced = await ledger.installations.replace(actor, id, set)
        await learnOne(id)
        disconnect(id, 'token_changed')
        const runtime = devices.get(id)
        if (runtime !== undefined)
          pipeline.input(runtime, { type: 'replaced', by: { id: actor.userId, name: actor.name } })
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
        await parts.reloadRules()
        for (const runtime of devices.all()) {
          if (runtime.profile.kind === rule.kind) pipeline.input(runtime, { type: 'tick' })
        }
        return changed
      },
    },
  }
}
