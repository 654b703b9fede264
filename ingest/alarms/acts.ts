// What people do to an alarm. Whether the act answers the newest transition (`stale`) is checked where sequence numbers are.
import { ACK_REASONS } from '../../contract/alarms.ts'
import type { Act, ActName, ActRefusal, TransitionType, Verdict } from '../../contract/alarms.ts'
import { apply, tell, unjudged } from './alarm.ts'
import type { Cause } from './alarm.ts'
import { widenToNewest } from './memory.ts'
import { wasIssued } from './state.ts'
import type { DeviceState } from './state.ts'
import type { Stimulus } from './transitions-table.ts'
import type { AlarmCore } from './types.ts'
import { open, ruleOf } from './work.ts'
import type { OpenTrack, Work } from './work.ts'

/** A comment and a verdict move nothing. */
const STIMULUS_OF = {
  ack: 'acknowledge',
  reset: 'reset',
  field_verified: 'verify',
  comment: null,
  verdict: null,
} as const satisfies Record<ActName, Stimulus | null>

export function findOpen(work: Work, alarmId: string): OpenTrack | null {
  for (const track of Object.values(work.tracks)) {
    if (track.alarm?.id === alarmId) return open(work, track.ruleId, track.channel)
  }
  return null
}

/** Why there is no open alarm of this id. */
export const absence = (uid: string, state: Pick<DeviceState, 'issued'>, alarmId: string): 'closed' | 'not_found' =>
  wasIssued(uid, state, alarmId) ? 'closed' : 'not_found'

export function takeAct(work: Work, act: Act): ActRefusal | null {
  const track = findOpen(work, act.alarmId)
  if (!track) return absence(work.rules.profile.uid, work.state, act.alarmId)
  const cause = causeOf(act, work.now)
  if (act.name === 'ack' && act.level === 'town') return takeForTown(work, track, cause)
  const stimulus = STIMULUS_OF[act.name]
  if (stimulus === null) {
    if (act.name === 'verdict') judge(track, act.verdict, act.cause)
    tell(work, track, act.name === 'verdict' ? 'verdict' : 'commented', cause)
    return null
  }
  if (stimulus === 'verify') widenToNewest(work, track)
  const refusal = apply(work, track, ruleOf(work, track), stimulus, cause)
  // Somebody looked: what the device said last does not hold any more.
  if (stimulus === 'verify' && refusal === null) track.sources = {}
  return refusal
}

/** A town takes it for itself: what the county owes stays owed, and the county's desks go on calling. */
function takeForTown(work: Work, track: OpenTrack, cause: Cause): ActRefusal | null {
  const { alarm } = track
  const { by, ackReason = null, comment = null } = cause
  if (!alarm || !by) return 'not_found'
  if (alarm.townAck) return 'already_acknowledged'
  track.alarm = { ...alarm, townAck: { by, at: work.now, reason: ackReason, comment } }
  tell(work, track, 'acknowledged', { ...cause, reason: 'town_acknowledged' })
  return null
}

/** What it was, by somebody who found out. It neither acknowledges nor ends the alarm; another verdict replaces it. */
function judge(track: OpenTrack, verdict: Verdict, cause: string | null): void {
  if (track.alarm) track.alarm = { ...unjudged(track.alarm), verdict, ...(cause !== null && { verdictCause: cause }) }
}

function causeOf({ name, by, reason, comment }: Act, now: number): Cause {
  const told = name === 'field_verified' ? (reason ?? comment) : comment
  return {
    reason: name === 'field_verified' ? 'field_verified' : 'human',
    sampleTs: null,
    at: now,
    by,
    comment: told,
    ackReason: ACK_REASONS.find((known) => known === reason) ?? null,
  }
}

/** What may still be done to an alarm that is over: to write down what it was. It stays closed. */
export function actOnClosed<Closed extends Omit<AlarmCore, 'id'>>(
  alarm: Closed,
  act: Act,
  now: number,
): { readonly type: TransitionType; readonly alarm: Closed } | null {
  const touched = { ...alarm, reason: 'human' as const, updatedAt: now }
  if (act.name === 'comment') return { type: 'commented', alarm: touched }
  if (act.name !== 'verdict') return null
  const { verdictCause: _, ...rest } = touched
  const { verdict, cause } = act
  return { type: 'verdict', alarm: { ...rest, verdict, ...(cause !== null && { verdictCause: cause }) } as Closed }
}
