// Where every device is, as the ledger has it: for whoever may hear of it, and for counting. Follows the log of changes.
import type { DeviceIdentity, Devices } from '../../records/ledger.ts'
import type { LedgerChange } from '../../records/ledger/cluster.ts'
import type { PlaceOfThing } from '../../records/scope.ts'
import { takeChangedDevices } from '../changed-devices.ts'

export interface KnownDevice extends PlaceOfThing {
  readonly lifecycle: DeviceIdentity['lifecycle']
}

const NOWHERE: PlaceOfThing = { siteId: null, areaIds: [] }

export class DevicePlaces {
  private readonly devices: Pick<Devices, 'identities'>
  private readonly known = new Map<string, KnownDevice>()

  constructor(devices: Pick<Devices, 'identities'>) {
    this.devices = devices
  }

  async load(): Promise<void> {
    for await (const identity of this.devices.identities()) this.known.set(identity.id, knownOf(identity))
  }

  /** Rejects when the ledger cannot be read: call it again with the same changes. */
  take(changes: readonly LedgerChange[]): Promise<void> {
    return takeChangedDevices(this.devices, changes, {
      put: (identity) => void this.known.set(identity.id, knownOf(identity)),
      remove: (deviceId) => void this.known.delete(deviceId),
    })
  }

  has(deviceId: string): boolean {
    return this.known.has(deviceId)
  }

  placeOf(deviceId: string): PlaceOfThing {
    return this.known.get(deviceId) ?? NOWHERE
  }

  all(): Iterable<[deviceId: string, device: KnownDevice]> {
    return this.known
  }

  get size(): number {
    return this.known.size
  }
}

const knownOf = ({ siteId, areaIds, lifecycle }: DeviceIdentity): KnownDevice => ({ siteId, areaIds, lifecycle })
