// A reading. Nearly all of them are ordinary — newer than the last, within every limit, no alarm near — and must cost
// next to nothing; the rest is taken apart with care.
import type { CompiledRules } from './compiled.ts'
import { breakRow } from './counts.ts'
import { returnedAt } from './memory.ts'
import { hear, learn } from './silence.ts'
import type { DeviceState } from './state.ts'
import { judge, judgeBad, judgeLate, judgeSameInstant } from './threshold.ts'
import type { ReadingInput } from './types.ts'
import type { Work } from './work.ts'

/** The state after an ordinary reading; null if it is not ordinary. */
export function takeOrdinary(
  rules: CompiledRules,
  state: DeviceState,
  input: ReadingInput,
  now: number,
): DeviceState | null {
  if (state.lifecycle !== 'in_service' || input.badMetrics?.length) return null
  const { tracks } = state
  const isQuiet = isEmpty(tracks)
  if (!isQuiet) for (const key of rules.endedByAnyMessage) if (tracks[key] !== undefined) return null

  const { values, ts, receivedAt } = input
  const newest: Record<string, number> = { ...state.newest }
  for (const metric in values) {
    const limiters = rules.byMetric.get(metric)
    if (limiters === undefined) continue
    const known = newest[metric]
    if (known !== undefined && ts <= known) return null
    const value = values[metric]
    for (const { high, trip, key } of limiters) {
      // NaN is within no limit.
      const within = value !== undefined && (high ? value < trip : value >= trip)
      if (!within || !(isQuiet || tracks[key] === undefined)) return null
    }
    newest[metric] = ts
  }

  const learns = rules.statedInterval === null && state.receivedAt !== null
  return {
    format: state.format,
    position: input.position > state.position ? input.position : state.position,
    lifecycle: state.lifecycle,
    issued: state.issued,
    heardAt: now,
    receivedAt,
    interval: learns
      ? learn(state.interval, rules.usualInterval, (receivedAt - (state.receivedAt ?? receivedAt)) / 1000)
      : state.interval,
    online: true,
    willed: false,
    newest,
    tracks,
    memory: state.memory,
    suppressions: state.suppressions,
  }
}

function isEmpty(object: object): boolean {
  for (const _ in object) return false
  return true
}

export function takeReading(work: Work, input: ReadingInput): void {
  const { values, badMetrics = [], ts, quality } = input
  hear(work, input, null)
  if (quality === 'device') breakRow(work, 'clock_ahead')
  for (const [metric, limiters] of work.rules.byMetric) {
    const value = Object.hasOwn(values, metric) ? values[metric] : undefined
    const isBad = badMetrics.includes(metric) || (value !== undefined && !Number.isFinite(value))
    if (!isBad && value === undefined) continue
    const measured = work.newest[metric] ?? -Infinity
    for (const limiter of limiters) {
      // What the other side of an event pair said is as much a word on a 0/1 metric as its own 0.
      const known = limiter.binary ? Math.max(measured, returnedAt(work, limiter.key)) : measured
      if (isBad || value === undefined) judgeBad(work, limiter, ts, known)
      else if (ts > known) judge(work, limiter, value, ts)
      else if (ts === known) judgeSameInstant(work, limiter, value, ts)
      else judgeLate(work, limiter, value, ts)
    }
    work.newest[metric] = Math.max(measured, ts)
  }
}
