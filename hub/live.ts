// What happens now, passed on from the pipeline to whoever listens: the feed, the ledger's marks, readiness. Also answers
// who is there.
import type { Logger } from 'pino'
import type { FeedSource, LiveCommand, LivePresence, LiveReading, Presence } from '../dashboard/server/ports.ts'
import type { Command } from '../contract/http/commands.ts'
import { HUB_DEVICE_ID } from '../contract/ids.ts'
import { isOnline } from '../ingest/alarms/silence.ts'
import type { Devices, Runtime } from '../ingest/devices.ts'
import type { PipelineListener } from '../ingest/ports.ts'
import type { StoredInput } from '../ingest/readings/port.ts'
import type { CommittedTransition, Ledger, NewRejection } from '../records/ledger.ts'
import type { PlaceOfThing } from '../records/scope.ts'
import { Arrivals } from './arrivals.ts'
import type { RejectionSamples } from './rejections.ts'
import { Tally } from '../dashboard/server/tally.ts'

type Listener<T> = (value: T) => void

function subscribe<T>(listeners: Set<Listener<T>>, listener: Listener<T>): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export class Live implements PipelineListener, FeedSource, Presence {
  private readonly devices: Devices
  private readonly samples: RejectionSamples
  private readonly arrivals: Arrivals
  private readonly log: Logger
  private readonly transitionListeners = new Set<Listener<readonly CommittedTransition[]>>()
  private readonly presenceListeners = new Set<Listener<LivePresence>>()
  private readonly readingListeners = new Set<Listener<LiveReading>>()
  private readonly commandListeners = new Set<Listener<LiveCommand>>()
  private readonly storingListeners = new Set<Listener<boolean>>()
  /** Who looks for the effects of commands among what is stored. */
  commandEffects: (inputs: readonly StoredInput[]) => void = () => undefined
  private problem: string | null = null
  private full = false

  constructor(devices: Devices, samples: RejectionSamples, records: Pick<Ledger['devices'], 'heard'>, log: Logger) {
    this.devices = devices
    this.samples = samples
    this.arrivals = new Arrivals(records, log)
    this.log = log
  }

  // ── told by the pipeline ──

  transitions(committed: readonly CommittedTransition[]): void {
    for (const listener of this.transitionListeners) listener(committed)
  }

  stored(inputs: readonly StoredInput[]): void {
    this.commandEffects(inputs)
    if (this.readingListeners.size === 0) return
    for (const input of inputs) {
      if (input.type !== 'reading') continue
      const { siteId, areaIds } = this.devices.get(input.deviceId)?.placement ?? { siteId: null, areaIds: [] }
      const reading: LiveReading = { deviceId: input.deviceId, ts: input.ts, values: input.values, siteId, areaIds }
      for (const listener of this.readingListeners) listener(reading)
    }
  }

  presence(deviceId: string, online: boolean, at: number): void {
    const { siteId, areaIds } = this.devices.get(deviceId)?.placement ?? { siteId: null, areaIds: [] }
    for (const listener of this.presenceListeners) listener({ deviceId, online, at, siteId, areaIds })
  }

  command(command: Command): void {
    const { siteId, areaIds } = this.devices.get(command.deviceId)?.placement ?? { siteId: null, areaIds: [] }
    for (const listener of this.commandListeners) listener({ command, siteId, areaIds })
  }

  rejected(samples: readonly NewRejection[]): void {
    this.samples.take(samples)
  }

  inService(deviceId: string): void {
    this.arrivals.add(deviceId)
  }

  storing(problem: string | null): void {
    const before = this.isStoring
    this.problem = problem
    this.tellStoring(before)
  }

  // ── told by whoever watches the disk ──

  /** Readings wait for room; alarms are still written down as long as the room that was kept for them lasts. */
  diskFull(full: boolean): void {
    const before = this.isStoring
    this.full = full
    this.tellStoring(before)
  }

  private tellStoring(before: boolean): void {
    const { isStoring, problem } = this
    if (isStoring === before) return
    if (isStoring) this.log.info('commits work again')
    else this.log.error({ problem }, 'commits fail; nothing is acknowledged')
    for (const listener of this.storingListeners) listener(isStoring)
  }

  // ── asked by the rest ──

  /** False while commits fail: the hub takes nothing that it could not keep. */
  get isStoring(): boolean {
    return this.problem === null && !this.full
  }

  /** In one process a reading is stored before it is acknowledged. */
  readonly readingsLate = false

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

  /** All are told of here: the feed drops what nobody watches. */
  watch(): void {}

  onReading(listener: Listener<LiveReading>): () => void {
    return subscribe(this.readingListeners, listener)
  }

  of(deviceId: string): { readonly online: boolean; readonly lastHeardAt: number | null } {
    const runtime = this.devices.get(deviceId)
    if (runtime === undefined) return { online: false, lastHeardAt: null }
    return { online: online(runtime), lastHeardAt: runtime.state.receivedAt }
  }

  online(): readonly string[] {
    return [...this.devices.all()].filter(online).map(({ profile }) => profile.deviceId)
  }

  tally(within: (place: PlaceOfThing) => boolean): Tally {
    const tally = new Tally(within)
    for (const runtime of this.devices.all()) {
      const { profile, placement } = runtime
      if (profile.deviceId === HUB_DEVICE_ID || profile.lifecycle === 'retired') continue
      tally.add(placement, online(runtime), runtime.state.receivedAt !== null)
    }
    return tally
  }
}

const online = (runtime: Runtime): boolean => isOnline(runtime.state)
