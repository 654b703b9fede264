// The devices the hub knows, in memory: who they are, where they stand, and the state the alarm engine keeps of each.
import type { Lifecycle } from '../contract/http/devices.ts'
import type { VersionedRule } from '../contract/rules.ts'
import { compileRules } from './alarms/compile.ts'
import { initialState } from './alarms/state.ts'
import type { CompiledRules, DeviceProfile, DeviceState } from './alarms/types.ts'
import { Counters } from './counters.ts'

/** Where a device stands: what a transition keeps of its moment. */
export interface Placement {
  readonly deviceName: string
  readonly siteId: string | null
  /** Ids of the areas from large to small. */
  readonly areaIds: readonly string[]
  /** Names from large to small: areas, then the site. */
  readonly place: readonly string[]
}

/** Whether people of the one place are the people of the other, and call it the same. */
export const isSamePlace = (
  one: Pick<Placement, 'siteId' | 'place'>,
  other: Pick<Placement, 'siteId' | 'place'>,
): boolean => one.siteId === other.siteId && one.place.join('/') === other.place.join('/')

/** A device as the pipeline works with it. The state is replaced, never changed in place. */
export interface Runtime {
  profile: DeviceProfile
  placement: Placement
  /** Where the alarm of a channel stands, if not where the device does: the hub speaks of areas. */
  placeOf: ((channel: string) => Placement) | null
  rules: CompiledRules
  state: DeviceState
  /** Serial of the batch that last changed `state`: the first change in a batch marks it. */
  batch: number
  /** Open MQTT connection of its own. */
  connected: boolean
  /** Newest receipt time given to a sample without a `ts`. */
  lastReceiptTs: number
  /** What was taken from it since the hub knows it, and since when, hub time, ms. */
  readonly counters: Counters
  readonly countedSince: number
}

export class Devices {
  private readonly byId = new Map<string, Runtime>()
  private readonly bySite = new Map<string, Set<Runtime>>()
  private readonly rulesOf: (kind: string) => readonly VersionedRule[]

  /** `rulesOf` gives the current versions of the rules of a kind. */
  constructor(rulesOf: (kind: string) => readonly VersionedRule[]) {
    this.rulesOf = rulesOf
  }

  get(deviceId: string): Runtime | undefined {
    return this.byId.get(deviceId)
  }

  all(): IterableIterator<Runtime> {
    return this.byId.values()
  }

  get size(): number {
    return this.byId.size
  }

  /** Adds a device, or gives a known one its new profile and place; its state stays. */
  put(profile: DeviceProfile, placement: Placement, now: number): Runtime {
    const rules = compileRules(profile, this.rulesOf(profile.kind))
    const known = this.byId.get(profile.deviceId)
    if (known !== undefined && known.profile.uid === profile.uid) {
      known.profile = profile
      this.move(known, placement)
      known.rules = rules
      return known
    }
    const runtime: Runtime = {
      profile,
      placement,
      placeOf: null,
      rules,
      state: initialState(profile, now),
      batch: 0,
      connected: false,
      lastReceiptTs: 0,
      counters: new Counters(),
      countedSince: now,
    }
    this.remove(profile.deviceId)
    this.byId.set(profile.deviceId, runtime)
    this.move(runtime, placement)
    return runtime
  }

  remove(deviceId: string): void {
    const runtime = this.byId.get(deviceId)
    if (runtime !== undefined) this.leave(runtime)
    this.byId.delete(deviceId)
  }

  /** The devices at its site, itself among them; a device without a site is alone. */
  neighbours(runtime: Runtime): readonly Runtime[] {
    const site = runtime.placement.siteId === null ? undefined : this.bySite.get(runtime.placement.siteId)
    return site === undefined ? [runtime] : [...site]
  }

  private move(runtime: Runtime, placement: Placement): void {
    this.leave(runtime)
    runtime.placement = placement
    const { siteId } = placement
    if (siteId === null) return
    const site = this.bySite.get(siteId)
    if (site === undefined) this.bySite.set(siteId, new Set([runtime]))
    else site.add(runtime)
  }

  private leave(runtime: Runtime): void {
    const { siteId } = runtime.placement
    const site = siteId === null ? undefined : this.bySite.get(siteId)
    if (siteId === null || site === undefined) return
    site.delete(runtime)
    if (site.size === 0) this.bySite.delete(siteId)
  }

  /** Rules changed: every device of the kinds concerned compiles them anew; they apply from its next sample. */
  recompile(): void {
    for (const runtime of this.byId.values())
      runtime.rules = compileRules(runtime.profile, this.rulesOf(runtime.profile.kind))
  }

  setLifecycle(runtime: Runtime, lifecycle: Lifecycle): void {
    runtime.profile = { ...runtime.profile, lifecycle }
  }
}
