// Every device of the county as the ledger has it: who it is and where it stands. A worker keeps all of them, so that taking a
// partition reads states alone, and so that the devices of one site are known wherever they are decided. Follows the log of
// changes.
import { partitionOf } from '../../contract/partitions.ts'
import type { RuleKind, VersionedRule } from '../../contract/rules.ts'
import type { DeviceProfile } from '../../ingest/alarms/types.ts'
import type { Placement } from '../../ingest/devices.ts'
import type { DeviceIdentity, Devices } from '../../records/ledger.ts'
import type { LedgerChange } from '../../records/ledger/cluster.ts'
import { takeChangedDevices } from '../changed-devices.ts'

export interface KnownDevice {
  readonly profile: DeviceProfile
  readonly placement: Placement
  /** Where the alarm of a channel stands, if not where the device does. */
  readonly placeOf?: (channel: string) => Placement
}

export interface DirectoryOptions {
  readonly devices: Pick<Devices, 'identities'>
  /** Reads the rules in force again. */
  readonly reloadRules: () => Promise<void>
  readonly rulesOf: (kind: string) => readonly VersionedRule[]
  /** How the hub puts an identity for the engine. */
  readonly known: (identity: DeviceIdentity) => KnownDevice
  /** Devices that no ledger row stands for: the hub itself. */
  readonly own: readonly KnownDevice[]
}

/** Whoever has devices of a partition in memory. */
export interface DirectoryListener {
  /** It is new, or another than it was. */
  readonly changed: (device: KnownDevice) => void
  readonly removed: (deviceId: string) => void
  /** Rules of these kinds have new versions. */
  readonly rules: (kinds: ReadonlySet<RuleKind>) => void
}

export class Directory {
  private readonly options: DirectoryOptions
  private readonly byId = new Map<string, KnownDevice>()
  private readonly byPartition = new Map<number, Set<string>>()
  private readonly bySite = new Map<string, Set<string>>()
  private readonly listeners = new Set<DirectoryListener>()

  constructor(options: DirectoryOptions) {
    this.options = options
    for (const device of options.own) this.put(device)
  }

  async load(): Promise<void> {
    const { devices, known, reloadRules } = this.options
    await reloadRules()
    for await (const identity of devices.identities()) this.put(known(identity))
  }

  get(deviceId: string): KnownDevice | undefined {
    return this.byId.get(deviceId)
  }

  all(): IterableIterator<KnownDevice> {
    return this.byId.values()
  }

  get size(): number {
    return this.byId.size
  }

  rulesOf(kind: string): readonly VersionedRule[] {
    return this.options.rulesOf(kind)
  }

  ofPartition(partition: number): readonly KnownDevice[] {
    return this.those(this.byPartition.get(partition))
  }

  ofSite(siteId: string): readonly KnownDevice[] {
    return this.those(this.bySite.get(siteId))
  }

  onChange(listener: DirectoryListener): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Takes in what the ledger says is another now. Rejects when it cannot be read: call it again with the same changes. */
  async take(changes: readonly LedgerChange[]): Promise<void> {
    const kinds = new Set(changes.filter(({ what }) => what === 'rules').map(({ id }) => id))
    if (kinds.size > 0) {
      await this.options.reloadRules()
      for (const listener of this.listeners) listener.rules(kinds as ReadonlySet<string> as ReadonlySet<RuleKind>)
    }
    await takeChangedDevices(this.options.devices, changes, {
      put: (identity) => this.learn(identity),
      remove: (deviceId) => this.remove(deviceId),
    })
  }

  private learn(identity: DeviceIdentity): void {
    const device = this.options.known(identity)
    this.put(device)
    for (const listener of this.listeners) listener.changed(device)
  }

  private put(device: KnownDevice): void {
    const { deviceId } = device.profile
    this.leaveSite(deviceId)
    this.byId.set(deviceId, device)
    gather(this.byPartition, partitionOf(deviceId), deviceId)
    const { siteId } = device.placement
    if (siteId !== null) gather(this.bySite, siteId, deviceId)
  }

  private remove(deviceId: string): void {
    if (!this.byId.has(deviceId)) return
    this.leaveSite(deviceId)
    this.byId.delete(deviceId)
    this.byPartition.get(partitionOf(deviceId))?.delete(deviceId)
    for (const listener of this.listeners) listener.removed(deviceId)
  }

  private leaveSite(deviceId: string): void {
    const siteId = this.byId.get(deviceId)?.placement.siteId
    if (siteId == null) return
    const site = this.bySite.get(siteId)
    site?.delete(deviceId)
    if (site?.size === 0) this.bySite.delete(siteId)
  }

  private those(ids: ReadonlySet<string> = new Set()): readonly KnownDevice[] {
    return [...ids].flatMap((id) => this.byId.get(id) ?? [])
  }
}

function gather<K>(sets: Map<K, Set<string>>, key: K, id: string): void {
  const set = sets.get(key)
  if (set === undefined) sets.set(key, new Set([id]))
  else set.add(id)
}
