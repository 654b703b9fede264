// A measured value against the limits of one rule.
import type { CompiledLevel, Limiter } from './compiled.ts'
import { EVENT, LIMIT, severityOf } from './compiled.ts'
import { elapseBySample } from './delays.ts'
import { tellLate } from './late.ts'
import { dismiss, isPast, wasTooShort } from './memory.ts'
import { distrust, raiseMilder, settle } from './settle.ts'
import { open, recall } from './work.ts'
import type { OpenTrack, Work } from './work.ts'

const meets = ({ high }: Limiter, level: CompiledLevel, value: number): boolean =>
  high ? value >= level.limit : value < level.limit

/** Inside the limit, and by the deadband. */
const isInside = ({ high }: Limiter, level: CompiledLevel, value: number): boolean =>
  high ? value < level.limit && value <= level.inside : value >= level.limit && value >= level.inside

/** Whether a value can change anything for an alarm at rest. */
export const trips = (limiter: Limiter, value: number): boolean =>
  limiter.high ? value >= limiter.trip : value < limiter.trip

/** A value newer than every one before it of this metric. */
export function judge(work: Work, limiter: Limiter, value: number, ts: number): void {
  const { rule, channel, key } = limiter
  if (!trips(limiter, value) && !work.tracks[key]) return
  const track = open(work, rule.id, channel)
  elapseBySample(work, track, rule, ts)
  forgetOldLevels(track, limiter)
  for (const level of limiter.levels) {
    if (meets(limiter, level, value)) reach(work, track, limiter, level, value, ts)
    else leave(work, track, limiter, level, value, ts)
  }
  if (limiter.binary && !trips(limiter, value)) confirmCleared(work, track, limiter, ts)
  settle(work, track, rule, { sampleTs: ts, at: ts, off: 'back_in_range', value })
}

/** Of two values of one instant the worse is right: this one may raise, never clear. */
export function judgeSameInstant(work: Work, limiter: Limiter, value: number, ts: number): void {
  const { rule, channel, key } = limiter
  if (!trips(limiter, value) || isPast(work, key, ts)) return
  if (work.tracks[key]?.alarm?.condition === 'frozen') return judgeLate(work, limiter, value, ts)
  const track = open(work, rule.id, channel)
  for (const level of limiter.levels) {
    if (meets(limiter, level, value)) reach(work, track, limiter, level, value, ts)
  }
  settle(work, track, rule, { sampleTs: ts, at: ts, off: 'back_in_range', value })
}

/**
 * A value older than the newest: it clears nothing and lowers nothing. Over a latching limit it tells of a danger that
 * nobody has seen. Unless it is known to have been shorter than the on-delay, it is taken to have lasted.
 */
export function judgeLate(work: Work, limiter: Limiter, value: number, ts: number): void {
  const level = limiter.levels.findLast(
    (l) => l.grade.latch && meets(limiter, l, value) && !wasTooShort(work, limiter.key, ts, l.onDelay),
  )
  if (level) tellLate(work, limiter.rule, limiter.channel, level.grade, value, ts)
}

/**
 * A value of this metric came at `ts` and could not be believed; `known` is the newest time of the signal. Beside a value of
 * the same instant it is worse than one within the limit, not than one over it.
 */
export function judgeBad(work: Work, { rule, channel, key }: Limiter, ts: number, known: number): void {
  if (ts < known || !work.tracks[key]) return
  const track = open(work, rule.id, channel)
  const isDoubted = (name: string) =>
    name.startsWith(LIMIT) && (ts > known || track.sources[name]?.phase === 'clearing')
  distrust(track, isDoubted, 'bad_value')
  settle(work, track, rule, { sampleTs: ts, at: ts, off: 'back_in_range', value: null })
}

function reach(work: Work, track: OpenTrack, limiter: Limiter, level: CompiledLevel, value: number, ts: number): void {
  const known = track.sources[level.source]
  if (known) {
    const phase = known.phase === 'pending' ? known.phase : 'on'
    track.sources[level.source] = { ...known, phase, value, stale: null, due: phase === 'on' ? null : known.due }
    return
  }
  if (level.onDelay > 0 && !isCounted(track, limiter, level)) {
    const due = work.now + level.onDelay
    track.sources[level.source] = { phase: 'pending', since: ts, due, why: 'on_delay_elapsed', value, stale: null }
    return
  }
  track.sources[level.source] = { phase: 'on', since: ts, due: null, why: 'threshold', value, stale: null }
  raiseMilder(track, limiter.rule, level.grade)
}

/** A worse level of the same metric counts already (its own limit is met too, its delay is shorter). */
function isCounted(track: OpenTrack, limiter: Limiter, level: CompiledLevel): boolean {
  return limiter.levels.some(
    (l) => severityOf(l.grade) > severityOf(level.grade) && track.sources[l.source]?.phase === 'on',
  )
}

function leave(work: Work, track: OpenTrack, limiter: Limiter, level: CompiledLevel, value: number, ts: number): void {
  const known = track.sources[level.source]
  if (!known) return
  if (known.phase === 'pending') {
    if (level.grade.latch) dismiss(work, limiter.key, { from: known.since, to: ts - 1 })
    delete track.sources[level.source]
  } else if (!isInside(limiter, level, value)) {
    track.sources[level.source] = { ...known, phase: 'on', due: null, value, stale: null }
  } else {
    startClearing(work, track, limiter.rule.offDelay, level.source, value, ts)
  }
}

/** Good evidence that a source is normal again. */
export function startClearing(
  work: Work,
  track: OpenTrack,
  offDelay: number,
  name: string,
  value: number | null,
  ts: number,
): void {
  const known = track.sources[name]
  if (!known) return
  if (offDelay === 0) delete track.sources[name]
  else if (known.phase === 'clearing' && !known.stale) track.sources[name] = { ...known, value }
  else track.sources[name] = { ...known, phase: 'clearing', since: ts, due: work.now + offDelay, value, stale: null }
}

/** The 0 of a 0/1 metric says what the other side of the event pair says. */
function confirmCleared(work: Work, track: OpenTrack, { rule, key }: Limiter, ts: number): void {
  for (const name of Object.keys(track.sources)) {
    if (!name.startsWith(EVENT) || (work.memory[key]?.events[name] ?? -Infinity) >= ts) continue
    recall(work, key).events[name] = ts
    startClearing(work, track, rule.offDelay, name, 0, ts)
  }
}

/** A new version of the rule decides from this sample on: levels it does not have are gone. */
function forgetOldLevels(track: OpenTrack, { levels }: Limiter): void {
  for (const name of Object.keys(track.sources)) {
    if (name.startsWith(LIMIT) && !levels.some((level) => level.source === name)) delete track.sources[name]
  }
}
