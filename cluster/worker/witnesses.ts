// What alarms of one site make of each other where its devices are decided in different partitions. Whoever has the alarm that
// others could make worse looks for itself: after every transition at a site where one of its devices asks, it compares what
// the ledger has of the others. Both states are there before their transitions are heard of, so whichever came first, one of
// the two looks finds it; and what is found twice changes nothing.
import { partitionOf } from '../../contract/partitions.ts'
import { compileRules } from '../../ingest/alarms/compile.ts'
import { asksForWitness, corroborate } from '../../ingest/alarms/corroboration.ts'
import type { Witness } from '../../ingest/alarms/corroboration.ts'
import { parseState } from '../../ingest/alarms/state.ts'
import type { Runtime } from '../../ingest/devices.ts'
import type { CommittedTransition } from '../../records/ledger.ts'
import type { Partitions } from '../../records/ledger/cluster.ts'
import type { Directory } from './directory.ts'
import type { Partition } from './partition.ts'

export interface WitnessesOptions {
  readonly partitions: Pick<Partitions, 'statesOf'>
  readonly directory: Directory
  /** One's own, while it is loaded. */
  readonly owned: (partition: number) => Partition | undefined
}

export class Witnesses {
  private readonly options: WitnessesOptions

  constructor(options: WitnessesOptions) {
    this.options = options
  }

  /** Transitions of the whole county, in their order. Rejects when the ledger cannot be read: call it again with them. */
  async heard(committed: readonly CommittedTransition[]): Promise<void> {
    const sites = new Set(committed.flatMap(({ siteId }) => siteId ?? []))
    for (const siteId of sites) await this.lookAt(siteId)
  }

  /** A partition was taken: what its devices ask for may have been answered while nobody had it. */
  async taken(partition: Partition): Promise<void> {
    const sites = new Set<string>()
    for (const runtime of partition.devices.all()) {
      const { siteId } = runtime.placement
      if (siteId !== null && asksForWitness(runtime)) sites.add(siteId)
    }
    for (const siteId of sites) await this.lookAt(siteId)
  }

  private async lookAt(siteId: string): Promise<void> {
    const { directory, owned } = this.options
    const devices = directory.ofSite(siteId)
    if (devices.length < 2) return
    const asking = devices.flatMap(({ profile: { deviceId } }) => {
      const partition = owned(partitionOf(deviceId))
      const runtime = partition?.devices.get(deviceId)
      return partition !== undefined && runtime !== undefined && asksForWitness(runtime) ? [{ partition, runtime }] : []
    })
    if (asking.length === 0) return
    const site = await this.witnesses(devices.map(({ profile }) => profile.deviceId))
    for (const { partition, runtime } of asking) this.tell(partition, runtime, site)
  }

  private tell(partition: Partition, runtime: Runtime, site: ReadonlyMap<string, Witness>): void {
    // It may have gone meanwhile.
    if (partition.devices.get(runtime.profile.deviceId) !== runtime) return
    const others = [...site].flatMap(([deviceId, witness]) => (deviceId === runtime.profile.deviceId ? [] : witness))
    for (const input of corroborate(runtime, others)) partition.pipeline.input(runtime, input)
  }

  private async witnesses(deviceIds: readonly string[]): Promise<ReadonlyMap<string, Witness>> {
    const { partitions, directory } = this.options
    const found = new Map<string, Witness>()
    for (const { deviceId, state } of await partitions.statesOf(deviceIds)) {
      const device = directory.get(deviceId)
      if (device === undefined) continue
      const rules = compileRules(device.profile, directory.rulesOf(device.profile.kind))
      found.set(deviceId, { rules, state: parseState(state) })
    }
    return found
  }
}
