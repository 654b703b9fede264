// The county's past as its devices deliver it when they are first connected: late data in arrays, nothing by a back door.
// Nothing out of the ordinary is in it, except what the story needs: the desk begins quiet.
import type { Outgoing } from '../connection.ts'
import type { DeviceModel } from '../devices/model.ts'
import { backlog } from '../history.ts'
import type { Stamp } from '../messages.ts'
import type { County, Happening } from './county.ts'
import type { CountyDevice } from './inventory.ts'
import { PRE_ROLL_SECONDS } from './script.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** A device keeps a point every five minutes, 288 a day, one message; those of the story one a minute. */
const POINT_EVERY = 300
const FINE_EVERY = 60
/** A sample older than seven days is not believed; the hour is for the time that the delivery takes. */
const WEEK = 7 * DAY - HOUR

export class Past {
  readonly #county: County
  readonly #start: number
  readonly #happenings: ReadonlyMap<string, readonly Happening[]>

  /** Before `start`, of a county in which this happens. */
  constructor(county: County, start: number, happenings: readonly Happening[]) {
    this.#county = county
    this.#start = start
    this.#happenings = Map.groupBy(happenings, ({ deviceId }) => deviceId)
  }

  /** The last 24 h of a device; of the story's devices only until their pre-roll begins. */
  day(device: CountyDevice): Outgoing[] {
    const isOfStory = this.#isOfStory(device)
    const end = isOfStory ? this.#start - PRE_ROLL_SECONDS * 1000 : this.#start
    return backlog(this.#build(device, isOfStory ? FINE_EVERY : POINT_EVERY), this.#start - DAY, end)
  }

  /** The six days before, of the story's devices. */
  week(device: CountyDevice): Outgoing[] {
    if (!this.#isOfStory(device)) return []
    return backlog(device.build([], FINE_EVERY), this.#start - WEEK, this.#start - DAY)
  }

  /** The story's last ten minutes before the start, at full rate, stamped as the live readings that follow. */
  preRoll(device: CountyDevice, stamp: Stamp): Outgoing[] {
    if (!this.#isOfStory(device)) return []
    return backlog(this.#build(device), this.#start - PRE_ROLL_SECONDS * 1000, this.#start, stamp)
  }

  #isOfStory(device: CountyDevice): boolean {
    return this.#county.featured.includes(device)
  }

  #build(device: CountyDevice, every?: number): DeviceModel {
    const incidents = (this.#happenings.get(device.id) ?? []).map(({ incident }) => incident)
    return device.build(incidents, every)
  }
}
