// How often something happened: rejections, lost connections, clocks that run ahead. Hub time; the device's is in doubt.
import type { CountRule } from '../../contract/rules.ts'
import { COUNT } from './compiled.ts'
import type { CompiledCount } from './compiled.ts'
import { settle } from './settle.ts'
import { open } from './work.ts'
import type { Work } from './work.ts'

/** `times` more occurrences of one kind. `value` is shown with the alarm. */
export function count(work: Work, what: CountRule['counts'], times: number, value: number | null): void {
  for (const counted of work.rules.counts.get(what) ?? []) countOn(work, counted, times, value)
}

function countOn(work: Work, { rule, atLeast, window }: CompiledCount, times: number, value: number | null): void {
  const { now } = work
  const track = open(work, rule.id, '')
  const recent = window === 0 ? track.hits : track.hits.filter((at) => at > now - window && at <= now)
  const more = Array<number>(Math.min(Math.max(Math.trunc(times) || 0, 0), atLeast)).fill(now)
  track.hits = [...recent, ...more].slice(-atLeast)
  const enough = track.hits.length >= atLeast
  if (!enough && !track.sources[COUNT]) return
  // Every occurrence begins the quiet time anew.
  const due = now + rule.offDelay
  track.sources[COUNT] = { phase: 'clearing', since: now, due, why: 'repeated', value, stale: null }
  settle(work, track, rule, { sampleTs: null, at: now, off: 'quiet_again', value })
}

/** What is counted in a row is broken by one that is in order. */
export function breakRow(work: Work, what: CountRule['counts']): void {
  for (const { rule, window } of work.rules.counts.get(what) ?? []) {
    if (window === 0 && work.tracks[`${rule.id}/`]) open(work, rule.id, '').hits = []
  }
}
