// Administrative writes where everyone who keeps a copy of the ledger is in this process: the broker's credentials, the pipeline's
// devices, open connections.
import type { Registry } from '../dashboard/server/ports.ts'
import { isSamePlace } from '../ingest/devices.ts'
import type { Devices as IngestDevices, Placement } from '../ingest/devices.ts'
import type { DeviceProfile } from '../ingest/alarms/types.ts'
import type { Pipeline } from '../ingest/pipeline.ts'
import type { DeviceIdentity, Ledger } from '../records/ledger.ts'
import type { MemoryCredentials } from './credentials.ts'
import { registryOf } from './registry-of.ts'
import type { ToldInput } from './registry-of.ts'
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
  const learnWhere = async (concerned: (identity: DeviceIdentity) => boolean): Promise<void> => {
    for await (const identity of ledger.devices.identities()) if (concerned(identity)) learn(identity)
  }

  return registryOf(ledger, {
    mustHear: () => undefined,
    async tell(deviceId: string, input: ToldInput) {
      const runtime = devices.get(deviceId)
      if (runtime !== undefined) pipeline.input(runtime, input)
    },
    async devices(ids) {
      const [one] = ids
      if (ids.size === 1 && one !== undefined) await learnOne(one)
      else await learnWhere(({ id }) => ids.has(id))
    },
    async sites(ids) {
      const [one] = ids
      if (ids.size === 1 && one !== undefined)
        for (const identity of await ledger.devices.identitiesOfSite(one)) learn(identity)
      else await learnWhere(({ siteId }) => siteId !== null && ids.has(siteId))
    },
    area: (id) => learnWhere(({ areaIds }) => areaIds.includes(id)),
    async removed(deviceId) {
      credentials.remove(deviceId)
      devices.remove(deviceId)
    },
    async rules(kind) {
      await parts.reloadRules()
      for (const runtime of devices.all()) if (runtime.profile.kind === kind) pipeline.input(runtime, { type: 'tick' })
    },
    disconnect,
  })
}
