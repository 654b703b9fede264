// Devices enter service, are replaced, retire.
import { apply, tell } from './alarm.ts'
import { widenToNewest } from './memory.ts'
import type { Person } from './types.ts'
import { openAll, ruleOf } from './work.ts'
import type { Work } from './work.ts'

/** In service: from now on its silence counts, even before its first message. */
export function enterService(work: Work): void {
  work.state.lifecycle = 'in_service'
  work.state.heardAt ??= work.now
}

export function retire(work: Work, by: Person | undefined): void {
  work.state.lifecycle = 'retired'
  work.state.heardAt = null
  work.state.online = false
  withdraw(work, 'device_retired', by)
}

/** Other hardware: what was learned of the old one and what it said last does not hold for the new one. */
export function replace(work: Work, by: Person | undefined): void {
  work.state.interval = null
  if (work.state.heardAt !== null) work.state.heardAt = work.now
  withdraw(work, 'device_replaced', by)
}

/** Nothing changes but the place, which the ledger adds to every transition. */
export function move(work: Work): void {
  const cause = { reason: 'device_moved', sampleTs: null, at: work.now } as const
  for (const track of openAll(work)) tell(work, track, 'commented', cause)
}

function withdraw(work: Work, reason: 'device_retired' | 'device_replaced', by: Person | undefined): void {
  for (const track of openAll(work)) {
    widenToNewest(work, track)
    apply(work, track, ruleOf(work, track), 'withdraw', { reason, sampleTs: null, at: work.now, ...(by && { by }) })
    track.sources = {}
    track.hits = []
  }
}
