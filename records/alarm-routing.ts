// Which managers hear of an alarm. Who lives behind the door decides: their own manager while they live there, and from the
// hour they have gone, whoever looks after the house. A danger is never told to nobody because a paper is out of date.
import { inScope } from './scope.ts'
import type { PlaceOfThing, Scope } from './scope.ts'

export interface ManagerOnDuty {
  readonly id: string
  /** May sign in. */
  readonly enabled: boolean
  readonly scope: Scope
}

/**
 * `lease`: of the people who live now in the room where the alarm's device stands; null: in no room, or in an empty one.
 * Its manager alone, as long as they may sign in and still have the place; else every manager who has it. Landlords are not
 * in it: they see, the manager acts.
 */
export function recipientsOf(
  place: PlaceOfThing,
  lease: { readonly managerId: string | null } | null,
  managers: readonly ManagerOnDuty[],
): string[] {
  const able = managers.filter(({ enabled, scope }) => enabled && inScope(scope, place))
  const own = able.find(({ id }) => id === lease?.managerId)
  return own === undefined ? able.map(({ id }) => id) : [own.id]
}
