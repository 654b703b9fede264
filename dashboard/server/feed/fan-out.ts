// One transition to everyone who may hear it.
import type { CommittedTransition } from '../../../records/ledger.ts'
import type { Audience } from './audience.ts'
import type { Connection, FeedServer } from './connection.ts'
import { eventOf } from './resume.ts'

/**
 * One encoding for all who have the same `prev`, which in a quiet minute is everyone of a scope. Answers those that could not hold
 * it while they resume: they have to start again.
 */
export function fanOut(io: FeedServer, audience: Audience, committed: CommittedTransition): Connection[] {
  const byPrev = new Map<number, string[]>()
  const full: Connection[] = []
  for (const connection of audience.within(committed, 'alarm')) {
    const { prev } = connection.line
    const verdict = connection.line.offer(committed)
    if (verdict === 'overflow') full.push(connection)
    if (verdict !== 'send') continue
    const ids = byPrev.get(prev)
    if (ids === undefined) byPrev.set(prev, [connection.socket.id])
    else ids.push(connection.socket.id)
  }
  for (const [prev, ids] of byPrev) io.to(ids).emit('alarm', eventOf(committed, prev))
  return full
}
