// What happens now, for the screens of one dashboard: transitions by their sequence, presence and readings from the owners of the
// partitions, commands as the ledger has them. Also answers who is there.
import type { FeedSource, LiveCommand, LivePresence, LiveReading, Presence } from '../../dashboard/server/ports.ts'
import { Tally } from '../../dashboard/server/tally.ts'
import type { CommittedTransition } from '../../records/ledger.ts'
import type { ClusterLedger, LedgerChange } from '../../records/ledger/cluster.ts'
import { HUB_DEVICE_ID } from '../../contract/ids.ts'
import type { PlaceOfThing } from '../../records/scope.ts'
import type { ReadingNews } from '../live-words.ts'
import type { ClusterState } from './cluster-state.ts'
import type { DevicePlaces } from './device-places.ts'
import type { Presences } from './presences.ts'

type Listener<T> = (value: T) => void

function subscribe<T>(listeners: Set<Listener<T>>, listener: Listener<T>): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export interface ClusterLiveOptions {
  readonly commands: Pick<ClusterLedger['commands'], 'find'>
  readonly places: DevicePlaces
  readonly presences: Pick<Presences, 'of' | 'online'>
  readonly state: Pick<ClusterState, 'isStoring' | 'readingsLate'>
  readonly watch: (deviceId: string, watched: boolean) => void
}

export class ClusterLive implements FeedSource, Presence {
  private readonly options: ClusterLiveOptions
  private readonly transitionListeners = new Set<Listener<readonly CommittedTransition[]>>()
  private readonly presenceListeners = new Set<Listener<LivePresence>>()
  private readonly readingListeners = new Set<Listener<LiveReading>>()
  private readonly commandListeners = new Set<Listener<LiveCommand>>()
  private readonly storingListeners = new Set<Listener<boolean>>()

  constructor(options: ClusterLiveOptions) {
    this.options = options
  }

  // ── told by what tails and listens ──

  readonly transitions = (committed: readonly CommittedTransition[]): void => {
    for (const listener of this.transitionListeners) listener(committed)
  }

  readonly presenceChanged = (deviceId: string, online: boolean, at: number): void => {
    if (!this.options.places.has(deviceId)) return
    const { siteId, areaIds } = this.options.places.placeOf(deviceId)
    for (const listener of this.presenceListeners) listener({ deviceId, online, at, siteId, areaIds })
  }

  readonly reading = (deviceId: string, { ts, values }: ReadingNews): void => {
    const { siteId, areaIds } = this.options.places.placeOf(deviceId)
    for (const listener of this.readingListeners) listener({ deviceId, ts, values, siteId, areaIds })
  }

  /** Rejects when a command cannot be read now: call it again with the same changes. */
  async changed(changes: readonly LedgerChange[]): Promise<void> {
    const ids = new Set(changes.filter(({ what }) => what === 'command').map(({ id }) => id))
    for (const id of ids) {
      const command = await this.options.commands.find(id)
      if (command === null) continue
      const { siteId, areaIds } = this.options.places.placeOf(command.deviceId)
      for (const listener of this.commandListeners) listener({ command, siteId, areaIds })
    }
  }

  readonly storingChanged = (): void => {
    for (const listener of this.storingListeners) listener(this.isStoring)
  }

  // ── asked by the rest ──

  get isStoring(): boolean {
    return this.options.state.isStoring
  }

  get readingsLate(): boolean {
    return this.options.state.readingsLate
  }

  onStoring(listener: Listener<boolean>): () => void {
    return subscribe(this.storingListeners, listener)
  }

  onTransitions(listener: Listener<readonly CommittedTransition[]>): () => void {
    return subscribe(this.transitionListeners, listener)
  }

  onPresence(listener: Listener<LivePresence>): () => void {
    return subscribe(this.presenceListeners, listener)
  }

  onCommand(listener: Listener<LiveCommand>): () => void {
    return subscribe(this.commandListeners, listener)
  }

  watch(deviceId: string, watched: boolean): void {
    this.options.watch(deviceId, watched)
  }

  onReading(listener: Listener<LiveReading>): () => void {
    return subscribe(this.readingListeners, listener)
  }

  of(deviceId: string): { readonly online: boolean; readonly lastHeardAt: number | null } {
    return this.options.presences.of(deviceId)
  }

  online(): readonly string[] {
    const { presences, places } = this.options
    return [...presences.online()].filter((id) => places.has(id))
  }

  tally(within: (place: PlaceOfThing) => boolean): Tally {
    const { presences, places } = this.options
    const tally = new Tally(within)
    for (const [deviceId, { lifecycle, siteId, areaIds }] of places.all()) {
      if (deviceId === HUB_DEVICE_ID || lifecycle === 'retired') continue
      const { online, lastHeardAt } = presences.of(deviceId)
      tally.add({ siteId, areaIds }, online, lastHeardAt !== null)
    }
    return tally
  }
}
