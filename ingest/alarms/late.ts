// Evidence of the past: a message older than the newest of its signal, over a latching limit.
import { apply } from './alarm.ts'
import { severityOf } from './compiled.ts'
import type { CompiledRule } from './compiled.ts'
import { covers, isPast, widen } from './memory.ts'
import { latch } from './settle.ts'
import type { Grade } from './state.ts'
import { trackKey } from './state.ts'
import { breakShelf } from './suppression.ts'
import { open } from './work.ts'
import type { Work } from './work.ts'

/**
 * Raises the alarm as one that is already over: latched, to be acknowledged and reset. Within the known time of an alarm
 * it tells nothing, unless it was worse than known.
 */
export function tellLate(
  work: Work,
  rule: CompiledRule,
  channel: string,
  grade: Grade,
  value: number | null,
  ts: number,
): void {
  if (isPast(work, trackKey(rule.id, channel), ts)) return
  const track = open(work, rule.id, channel)
  const { alarm, span } = track
  const worse = alarm === null || severityOf(grade) > severityOf(alarm)
  const known = span !== null && covers(span, ts)
  latch(track, grade)
  widen(track, ts)
  if (known && !worse) return
  const cause = { reason: 'late', sampleTs: ts, at: ts, value } as const
  const words = { ...grade, title: grade.title ?? rule.title }
  if (worse) apply(work, track, rule, 'late_worse', cause, words)
  else apply(work, track, rule, 'late', cause)
  breakShelf(work, track)
}
