// Delays run by sample time between samples, and by hub time where no sample follows.
import type { CompiledRule } from './compiled.ts'
import { gradeOf, raiseMilder, settle } from './settle.ts'
import type { Source } from './state.ts'
import type { OpenTrack, Work } from './work.ts'

/** When the delay of a source runs out in sample time; Infinity if none runs. */
function end(rule: CompiledRule, name: string, source: Source): number {
  if (source.phase === 'pending') return source.since + (rule.onDelays.get(name) ?? 0)
  if (source.phase === 'clearing' && !source.stale) return source.since + rule.offDelay
  return Infinity
}

/** Ends the delay of every source named: what was pending counts, what was clearing is normal. */
function elapse(
  work: Work,
  track: OpenTrack,
  rule: CompiledRule,
  names: readonly string[],
  at: number,
  ts: number | null,
) {
  let value: number | null = null
  for (const name of names) {
    const source = track.sources[name]
    if (!source) continue
    value = source.value
    if (source.phase === 'clearing') {
      delete track.sources[name]
      continue
    }
    track.sources[name] = { ...source, phase: 'on', due: null }
    const grade = gradeOf(rule, name)
    if (grade) raiseMilder(track, rule, grade)
  }
  const off = rule.type === 'count' ? 'quiet_again' : 'off_delay_elapsed'
  settle(work, track, rule, { sampleTs: ts, at, off, value })
}

/**
 * A newer sample of this alarm's device at `ts` proves that every delay ending before it has run out: the value before
 * it held until then. In order of time, so that a replay tells what the timers told.
 */
export function elapseBySample(work: Work, track: OpenTrack, rule: CompiledRule, ts: number): void {
  for (;;) {
    const ends = Object.entries(track.sources).map(([name, source]) => ({ name, at: end(rule, name, source) }))
    const at = Math.min(...ends.map((e) => e.at))
    if (at > ts) return
    elapse(
      work,
      track,
      rule,
      ends.filter((e) => e.at === at).map((e) => e.name),
      at,
      ts,
    )
  }
}

/** Hub time at which the next delay of this track runs out; Infinity if none runs. */
export function nextDue(track: Pick<OpenTrack, 'sources'>): number {
  let due = Infinity
  for (const name in track.sources) due = Math.min(due, track.sources[name]?.due ?? Infinity)
  return due
}

/** No sample came, and hub time is up. */
export function elapseByClock(work: Work, track: OpenTrack, rule: CompiledRule): void {
  const due = nextDue(track)
  const names = Object.keys(track.sources).filter((name) => track.sources[name]?.due === due)
  const ends = names.flatMap((name) => {
    const source = track.sources[name]
    return source ? [end(rule, name, source)] : []
  })
  elapse(work, track, rule, names, Math.max(...ends), null)
}
