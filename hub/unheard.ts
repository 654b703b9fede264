// 未上线: devices that were registered and never heard. The evidence of `hub.unheard`: one alarm an area that still waits for
// one, never one a device. Time is an argument (wall time, ms).
import type { Area } from '../contract/http/places.ts'
import type { DeviceState, Input } from '../ingest/alarms/types.ts'
import type { Placement, Runtime } from '../ingest/devices.ts'
import type { DeviceIdentity } from '../records/ledger.ts'
import { HUB_PLACEMENT } from './own-device.ts'

/** Those that are in memory. */
interface Known {
  get(deviceId: string): Pick<Runtime, 'profile' | 'placement'> | undefined
}

type HubInput = Extract<Input, { type: 'hub' }>

const UNHEARD_RULE = 'hub.unheard'
/** How long after its registration, or after the day that it is to be in service from, a device should have been heard. */
const PATIENCE_MS = 24 * 3_600_000
/** The channel of the alarm about devices that have no place. */
const NOWHERE = ''

export class Unheard {
  private readonly devices: Known
  /** When each was registered; what has been heard since is dropped at the next look. */
  private readonly registered = new Map<string, number>()
  private readonly areas = new Map<string, Pick<Placement, 'areaIds' | 'place'>>()

  /** `areas`: those of the ledger, for alarms about an area whose last device has gone. */
  constructor(devices: Known, areas: readonly Area[]) {
    this.devices = devices
    const parents = new Map(areas.map(({ id, parentId }) => [id, parentId]))
    for (const { id, path } of areas) {
      const areaIds: string[] = []
      for (let at: string | null = id; at !== null; at = parents.get(at) ?? null) areaIds.unshift(at)
      this.areas.set(id, { areaIds, place: path })
    }
  }

  learn({ id, lifecycle, createdAt }: Pick<DeviceIdentity, 'id' | 'lifecycle' | 'createdAt'>): void {
    if (lifecycle === 'registered') this.registered.set(id, createdAt)
    else this.registered.delete(id)
  }

  /**
   * Where an alarm of the hub stands, by its channel: the one about an area in that area, for those who look after it. What
   * is no area, as a bridge, stands nowhere and is called by its name.
   */
  readonly placeOf = (channel: string): Placement => {
    const area = this.areas.get(channel)
    return { ...HUB_PLACEMENT, ...(area ?? (channel === NOWHERE ? {} : { place: [channel] })) }
  }

  /** What the engine is to hear: the areas whose alarm begins, and those whose alarm ends. `own`: the state of the hub itself. */
  look(now: number, own: Pick<DeviceState, 'tracks'>): HubInput[] {
    const overdue = this.overdue(now)
    const standing = new Set<string>()
    for (const { ruleId, channel } of Object.values(own.tracks)) if (ruleId === UNHEARD_RULE) standing.add(channel)
    const begun = [...overdue].filter(([areaId]) => !standing.has(areaId))
    const ended = [...standing].filter((areaId) => !overdue.has(areaId))
    return [...begun.map(([areaId, count]) => inputOf(areaId, count)), ...ended.map((areaId) => inputOf(areaId, 0))]
  }

  /** How many devices each area waits for in vain. */
  private overdue(now: number): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const [id, registeredAt] of this.registered) {
      const runtime = this.devices.get(id)
      if (runtime?.profile.lifecycle !== 'registered') {
        this.registered.delete(id)
        continue
      }
      const { profile, placement } = runtime
      if (now < Math.max(registeredAt, serviceBegins(profile.attributes['inServiceFrom'])) + PATIENCE_MS) continue
      const areaId = this.areaOf(placement)
      counts.set(areaId, (counts.get(areaId) ?? 0) + 1)
    }
    return counts
  }

  private areaOf({ areaIds, place }: Placement): string {
    const areaId = areaIds.at(-1) ?? NOWHERE
    if (areaId !== NOWHERE) this.areas.set(areaId, { areaIds, place: place.slice(0, areaIds.length) })
    return areaId
  }
}

function inputOf(areaId: string, count: number): HubInput {
  return { type: 'hub', ruleId: UNHEARD_RULE, channel: areaId, active: count > 0, value: count }
}

/** Midnight in China of a day as forms write it (2026-11-21); anything else asks for no patience. */
function serviceBegins(day: unknown): number {
  const at = typeof day === 'string' ? Date.parse(`${day}T00:00:00+08:00`) : NaN
  return Number.isNaN(at) ? 0 : at
}
