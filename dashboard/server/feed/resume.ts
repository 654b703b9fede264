// What a client that comes back is answered: what it missed, or how things stand.
import { MAX_REPLAY } from '../../../contract/feed.ts'
import type { AlarmEvent, ResumeReply } from '../../../contract/feed.ts'
import type { CommittedTransition } from '../../../records/ledger.ts'
import type { Scope } from '../../../records/scope.ts'
import type { Records } from '../ports.ts'

export function eventOf({ transition, receivedAt }: CommittedTransition, prev: number): AlarmEvent {
  const { seq, at, type, reason, by, comment, alarm } = transition
  return { seq, prev, at, type, reason, by, comment, receivedAt, alarm }
}

/**
 * Replays what follows the cursor; gives a snapshot for no cursor, one from before the scope changed (`≤ since`), one too far
 * behind, or one the ledger has not reached (a restored backup). In both, the first transition after `head` follows without a gap.
 */
export async function answerResume(
  journal: Pick<Records['journal'], 'headInScope' | 'after' | 'snapshot'>,
  scope: Scope,
  cursor: number | null,
  since: number,
): Promise<Extract<ResumeReply, { ok: true }>> {
  if (cursor !== null && cursor > since && cursor <= (await journal.headInScope(scope))) {
    const missed = await journal.after(scope, cursor, MAX_REPLAY + 1)
    if (missed.length <= MAX_REPLAY) {
      let prev = cursor
      const events = missed.map((committed) => {
        const event = eventOf(committed, prev)
        prev = event.seq
        return event
      })
      return { ok: true, mode: 'replay', events, head: prev }
    }
  }
  const { head, alarms } = await journal.snapshot(scope)
  return { ok: true, mode: 'snapshot', alarms, head }
}
