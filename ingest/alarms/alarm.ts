// Moves one alarm along the table and tells every step.
import type { ActRefusal, Person, TransitionReason, TransitionType } from '../../contract/alarms.ts'
import type { AckReason } from '../../contract/alarms.ts'
import type { CompiledRule } from './compiled.ts'
import { remember } from './memory.ts'
import type { Grade } from './state.ts'
import { trackKey } from './state.ts'
import { visible } from './suppression-table.ts'
import { cellOf } from './transitions-table.ts'
import type { Standing, Stimulus } from './transitions-table.ts'
import type { AlarmCore } from './types.ts'
import { nextAlarmId } from './work.ts'
import type { OpenTrack, Work } from './work.ts'

/** Why an alarm moves. */
export interface Cause {
  readonly reason: TransitionReason
  /** Sample time of the message that caused it; null for timers and people. */
  readonly sampleTs: number | null
  /** When the condition came or went, for `raisedAt` and `clearedAt`. */
  readonly at: number
  /** undefined: as before. */
  readonly value?: number | null
  readonly by?: Person
  readonly comment?: string | null
  readonly ackReason?: AckReason | null
}

export function standingOf({ alarm, owed }: OpenTrack): Standing {
  if (alarm === null) return 'none'
  if (alarm.condition === 'normal') return 'returned_owed'
  return `${alarm.condition}_${owed ? 'owed' : alarm.ack ? 'given' : 'waived'}`
}

/** P4 needs no acknowledgement; but what was owed at a higher level stays owed. */
const NEEDS_NO_ACK = 4

/**
 * Applies a stimulus; `grade` is the level the alarm has from now on (absent: as before). Returns why a person's act was
 * refused, null if it was not.
 */
export function apply(
  work: Work,
  track: OpenTrack,
  rule: CompiledRule | undefined,
  stimulus: Stimulus,
  cause: Cause,
  grade?: Grade,
): ActRefusal | null {
  const cell = cellOf(standingOf(track), stimulus)
  if (cell === 'nothing') return null
  if ('refuses' in cell) return cell.refuses
  const before = track.alarm ?? (rule && grade && born(work, track, rule, grade, cause))
  if (!before) return null

  const level = grade
    ? { level: grade.level, priority: grade.priority, limit: grade.limit, title: grade.title ?? before.title }
    : {}
  const alarm: AlarmCore = {
    ...before,
    ...level,
    condition: cell.to === 'closed' ? 'normal' : cell.to,
    latched: track.latch !== null,
    value: cause.value === undefined ? before.value : cause.value,
    occurrences: before.occurrences + (cell.tells.includes('re_raised') ? 1 : 0),
    clearedAt: cell.to === 'active' || cell.to === 'frozen' ? null : (before.clearedAt ?? cause.at),
    updatedAt: work.now,
  }
  if (cell.ack === 'ask') {
    track.owed ||= alarm.priority !== NEEDS_NO_ACK
    // What was found out before does not hold for what came after; an alarm that merely surfaces is the same one.
    track.alarm = untaken(stimulus === 'resurface' ? alarm : unjudged(alarm))
  } else if (cell.ack === 'give' && cause.by) {
    track.owed = false
    const { by, ackReason = null, comment = null } = cause
    track.alarm = { ...alarm, ack: { by, at: work.now, reason: ackReason, comment } }
  } else {
    track.alarm = alarm
  }

  const [first] = cell.tells
  for (const type of cell.tells) {
    if (type === 'closed') track.alarm = { ...track.alarm, closedAt: work.now }
    tell(work, track, type, type === first ? cause : { ...cause, reason: closingReason(track.alarm), comment: null })
  }
  if (cell.to === 'closed') rest(work, track)
  return null
}

/** Asked for anew, it is asked of every desk. */
function untaken(alarm: AlarmCore): AlarmCore {
  const { townAck: _, ...takenByNobody } = alarm
  return { ...takenByNobody, ack: null }
}

export function unjudged(alarm: AlarmCore): AlarmCore {
  const { verdictCause: _, ...judgedByNobody } = alarm
  return { ...judgedByNobody, verdict: null }
}

/** Appends a transition that shows the alarm as it is now. */
export function tell(work: Work, track: OpenTrack, type: TransitionType, cause: Cause): void {
  if (!track.alarm) return
  track.alarm = { ...track.alarm, reason: cause.reason, updatedAt: work.now }
  const { reason, sampleTs, by = null, comment = null } = cause
  work.transitions.push({ type, reason, sampleTs, by, comment, alarm: track.alarm })
}

const closingReason = (alarm: AlarmCore): TransitionReason => (alarm.ack ? 'acknowledged_and_normal' : 'not_required')

/** Nothing is left to do. What the alarm knew of its time stays, so that a repeated or late sample tells nothing twice. */
function rest(work: Work, track: OpenTrack): void {
  remember(work, track)
  track.alarm = null
  track.latch = null
  track.owed = false
  track.span = null
}

function born(work: Work, track: OpenTrack, rule: CompiledRule, grade: Grade, cause: Cause): AlarmCore {
  const { profile } = work.rules
  return {
    id: nextAlarmId(work),
    deviceId: profile.deviceId,
    kind: profile.kind,
    category: rule.category,
    ruleId: rule.id,
    ruleVersion: rule.version,
    signal: rule.signal,
    channel: track.channel,
    level: grade.level,
    priority: grade.priority,
    condition: 'active',
    ack: null,
    suppression: visible(work.suppressions, trackKey(rule.id, track.channel)),
    mode: 'normal',
    latched: false,
    title: grade.title ?? rule.title,
    value: null,
    limit: grade.limit,
    unit: rule.unit,
    reason: cause.reason,
    occurrences: 1,
    raisedAt: cause.at,
    clearedAt: null,
    updatedAt: work.now,
    closedAt: null,
    verdict: null,
  }
}
