// Counts devices as the wall wants them: all, and by every area around them.
import type { Heard } from './ports.ts'
import type { PlaceOfThing } from '../../records/scope.ts'

type Counting = { -readonly [Name in keyof Heard]: number }

const none = (): Counting => ({ total: 0, online: 0, silent: 0 })

export class Tally {
  readonly all = none()
  readonly byArea = new Map<string, Counting>()
  readonly #within: (place: PlaceOfThing) => boolean

  constructor(within: (place: PlaceOfThing) => boolean) {
    this.#within = within
  }

  /** `everHeard`: it has sent something, so that its silence means something. */
  add(place: PlaceOfThing, online: boolean, everHeard: boolean): void {
    if (!this.#within(place)) return
    count(this.all, online, everHeard)
    for (const areaId of place.areaIds) {
      let counting = this.byArea.get(areaId)
      if (counting === undefined) this.byArea.set(areaId, (counting = none()))
      count(counting, online, everHeard)
    }
  }
}

function count(counting: Counting, online: boolean, everHeard: boolean): void {
  counting.total += 1
  if (online) counting.online += 1
  else if (everHeard) counting.silent += 1
}
