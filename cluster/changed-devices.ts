// Which devices are others now, for whoever keeps all of them in memory: those that a change names, and those of a site or below
// an area that it names. Nobody else is read.
import type { DeviceIdentity, Devices, IdentityFilter } from '../records/ledger.ts'
import type { LedgerChange } from '../records/ledger/cluster.ts'

export interface DeviceMemory {
  readonly put: (identity: DeviceIdentity) => void
  /** The ledger has it no more. */
  readonly remove: (deviceId: string) => void
}

/** An import costs a query for so many rows. */
const IDS_PER_READ = 500

/** Rejects when the ledger cannot be read: call it again with the same changes. */
export async function takeChangedDevices(
  devices: Pick<Devices, 'identities'>,
  changes: readonly LedgerChange[],
  memory: DeviceMemory,
): Promise<void> {
  const named = (what: LedgerChange['what']): string[] => [
    ...new Set(changes.filter((change) => change.what === what).map(({ id }) => id)),
  ]
  const putThose = async (filter: IdentityFilter): Promise<Set<string>> => {
    const found = new Set<string>()
    for await (const identity of devices.identities(filter)) {
      found.add(identity.id)
      memory.put(identity)
    }
    return found
  }
  const deviceIds = named('device')
  for (let start = 0; start < deviceIds.length; start += IDS_PER_READ) {
    const ids = deviceIds.slice(start, start + IDS_PER_READ)
    const found = await putThose({ ids })
    for (const id of ids) if (!found.has(id)) memory.remove(id)
  }
  for (const siteId of named('site')) await putThose({ siteId })
  for (const areaId of named('area')) await putThose({ areaId })
}
