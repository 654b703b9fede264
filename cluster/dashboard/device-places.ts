// Where every device is, as the ledger has it: for whoever may hear of it, and for counting. Follows the log of changes.
import type { DeviceIdentity, Devices } from '../../records/ledger.ts'
import type { LedgerChange } from '../../records/ledger/cluster.ts'
import type { PlaceOfThing } from '../../records/scope.ts'

export interface KnownDevice extends PlaceOfThing {
  readonly lifecycle: DeviceIdentity['lifecycle']
}

const NOWHERE: PlaceOfThing = { siteId: null, areaIds: [] }
/** More devices than this are read in one pass over all of them: an import costs no query a row. */
const READ_ONE_BY_ONE = 50

export class DevicePlaces {
  private readonly devices: Pick<Devices, 'identities' | 'identity' | 'identitiesOfSite'>
  private known = new Map<string, KnownDevice>()

  constructor(devices: Pick<Devices, 'identities' | 'identity' | 'identitiesOfSite'>) {
    this.devices = devices
  }

  async load(): Promise<void> {
    const known = new Map<string, KnownDevice>()
    for await (const identity of this.devices.identities()) known.set(identity.id, knownOf(identity))
    this.known = known
  }

  /** Rejects when the ledger cannot be read: call it again with the same changes. */
  async take(changes: readonly LedgerChange[]): Promise<void> {
    const of = (what: LedgerChange['what']) => new Set(changes.filter((one) => one.what === what).map(({ id }) => id))
    const [devices, sites] = [of('device'), of('site')]
    // An area that moves takes along all that is below it.
    if (of('area').size > 0 || devices.size + sites.size > READ_ONE_BY_ONE) return this.load()
    for (const id of devices) {
      const identity = await this.devices.identity(id)
      if (identity === null) this.known.delete(id)
      else this.known.set(id, knownOf(identity))
    }
    for (const id of sites)
      for (const identity of await this.devices.identitiesOfSite(id)) this.known.set(identity.id, knownOf(identity))
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
