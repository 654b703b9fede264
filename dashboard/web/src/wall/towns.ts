// How bad it is in each town now: its worst open alarm, and how many.
import type { Alarm } from '../../../../contract/alarms.ts'
import type { WallTown } from '../../../../contract/http/wall.ts'
import type { Priority } from '../../../../contract/rules.ts'

export interface TownState extends WallTown {
  /** null: no open alarm. */
  readonly worst: Priority | null
  readonly open: number
}

const keyOf = (path: readonly string[], length: number): string => path.slice(0, length).join('\u0000')

/** An alarm keeps the place of its moment, in names: it is of the town that its place begins with. */
export function townStates(towns: readonly WallTown[], alarms: readonly Alarm[]): TownState[] {
  const counted = new Map<string, { worst: Priority; open: number }>()
  const lengths = new Set(towns.map(({ path }) => path.length))
  for (const { place, priority, suppression } of alarms) {
    if (suppression !== null) continue
    for (const length of lengths) {
      const key = keyOf(place, length)
      const state = counted.get(key)
      if (state === undefined) counted.set(key, { worst: priority, open: 1 })
      else {
        state.open += 1
        if (priority < state.worst) state.worst = priority
      }
    }
  }
  return towns.map((town) => {
    const { worst = null, open = 0 } = counted.get(keyOf(town.path, town.path.length)) ?? {}
    return { ...town, worst, open }
  })
}

/** What the wall is stopped for: the worst first, of one priority the newest. */
export const onStage = (alarms: readonly Alarm[]): Alarm[] =>
  alarms
    .filter(({ priority, ack, suppression }) => priority <= 2 && ack === null && suppression === null)
    .toSorted((a, b) => a.priority - b.priority || b.raisedAt - a.raisedAt || (a.id < b.id ? -1 : 1))
