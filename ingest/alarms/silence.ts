// Silence is not safety (G4): a device that is not heard for too long raises its own alarm and freezes those that stand.
import type { CompiledRules, CompiledSilence } from './compiled.ts'
import { EVENT, LIMIT, SILENCE } from './compiled.ts'
import { distrust, settle } from './settle.ts'
import type { DeviceState } from './state.ts'
import { trackKey } from './state.ts'
import { open, openAll, ruleOf } from './work.ts'
import type { Work } from './work.ts'

/** How fast the learned interval follows: one gap moves it by a quarter at most, so that one outage teaches little. */
const LEARNING = 1.25
/** What comes in one message, or right after it, says nothing of the time between messages, s. */
const SAME_MESSAGE = 1
/** Longest interval that is learned, s. */
const MAX_INTERVAL = 86_400

/**
 * The learned interval after one more gap between messages, s. Never below what is usual for the kind: a device that
 * reports more often than that gains no alarm from pausing.
 */
export function learn(learned: number | null, usual: number, gap: number): number | null {
  if ((learned === null && gap <= usual) || gap < SAME_MESSAGE) return learned
  const known = learned ?? usual
  const step = Math.min(Math.max(gap, known / LEARNING), known * LEARNING)
  const next = Math.round(Math.min(Math.max(step, usual), Math.max(usual, MAX_INTERVAL)))
  return next <= usual ? null : next
}

/** Seconds between reports by which silence is judged: stated, else learned, else usual. */
export function reportInterval(rules: CompiledRules, state: Pick<DeviceState, 'interval'>): number {
  return rules.statedInterval ?? state.interval ?? rules.usualInterval
}

/** The dot on the screen. */
export const isOnline = (state: DeviceState): boolean => state.online

/** A message of the device itself. `announced`: the source of this very message, if it announces a silence to come. */
export function hear(
  work: Work,
  { ts, receivedAt }: { readonly ts: number; readonly receivedAt: number },
  announced: string | null,
): void {
  const { state, rules } = work
  if (rules.statedInterval === null && state.receivedAt !== null) {
    state.interval = learn(state.interval, rules.usualInterval, (receivedAt - state.receivedAt) / 1000)
  }
  if (state.lifecycle === 'registered') state.lifecycle = 'in_service'
  state.heardAt = work.now
  state.receivedAt = receivedAt
  state.online = true
  state.willed = false
  endSilence(work, ts, announced)
}

/** The first message ends the silence, and the reason that was given for it (mains that are back say so or not). */
function endSilence(work: Work, ts: number, announced: string | null): void {
  const { silence } = work.rules
  if (!silence || !isSilent(work.rules, work.tracks)) return
  const track = open(work, silence.rule.id, '')
  for (const name of Object.keys(track.sources)) {
    if (name.startsWith(SILENCE) || (name.startsWith(EVENT) && name !== announced)) delete track.sources[name]
  }
  settle(work, track, silence.rule, { sampleTs: null, at: work.now, off: 'heard_again', value: null })
  resumeClearing(work, ts)
}

/** What the device had said was over, and was waiting to be believed, begins to wait anew; a measured value says itself. */
function resumeClearing(work: Work, ts: number): void {
  for (const track of openAll(work)) {
    const rule = ruleOf(work, track)
    const waiting = Object.entries(track.sources).filter(
      ([name, { phase, stale }]) => name.startsWith(EVENT) && phase === 'clearing' && stale === 'device_silent',
    )
    if (!rule || waiting.length === 0) continue
    for (const [name, source] of waiting) {
      const since = Math.max(ts, source.since)
      track.sources[name] = { ...source, since, due: work.now + rule.offDelay, stale: null }
    }
    settle(work, track, rule, { sampleTs: ts, at: ts, off: 'device_cleared', value: null })
  }
}

/** Whether the device has been silent for so long that it is said to be. */
export function isSilent({ silence }: CompiledRules, tracks: DeviceState['tracks']): boolean {
  const sources = silence ? tracks[trackKey(silence.rule.id, '')]?.sources : undefined
  return Object.keys(sources ?? {}).some((name) => name.startsWith(SILENCE))
}

/** How long a silence may last before it reaches a level, ms. `interval` in seconds. */
const patience = (level: CompiledSilence['levels'][number], interval: number): number =>
  Math.max(level.intervals * interval * 1000, level.atLeast) + level.grace

/** Hub time at which the next level of silence is reached; Infinity if none. */
export function silenceDue(
  rules: CompiledRules,
  state: Pick<DeviceState, 'heardAt' | 'lifecycle' | 'interval' | 'tracks'>,
): number {
  const { silence } = rules
  if (!silence || state.heardAt === null || state.lifecycle !== 'in_service') return Infinity
  const sources = state.tracks[trackKey(silence.rule.id, '')]?.sources
  let due = Infinity
  for (const level of silence.levels) {
    if (sources?.[level.source]) continue
    due = Math.min(due, state.heardAt + patience(level, reportInterval(rules, state)))
  }
  return due
}

/** The silence has lasted until `due`: raises or lifts its alarm, and freezes what stands. */
export function fallSilent(work: Work, due: number): void {
  const { silence } = work.rules
  const { heardAt } = work.state
  if (!silence || heardAt === null) return
  const track = open(work, silence.rule.id, '')
  for (const level of silence.levels) {
    if (track.sources[level.source]) continue
    if (heardAt + patience(level, reportInterval(work.rules, work.state)) > due) continue
    const why = hasFlag(track.sources) ? 'power_cut' : work.state.willed ? 'will' : 'silent'
    track.sources[level.source] = { phase: 'on', since: heardAt, due: null, why, value: null, stale: null }
  }
  work.state.online = false
  settle(work, track, silence.rule, { sampleTs: null, at: work.now, off: 'heard_again', value: null })
}

const hasFlag = (sources: Readonly<Record<string, unknown>>): boolean =>
  Object.keys(sources).some((name) => name.startsWith(EVENT))

/** While a device is silent nothing it said before is believed any more: every alarm on it that stands is frozen. */
export function freezeIfSilent(work: Work): void {
  if (!isSilent(work.rules, work.tracks)) return
  for (const other of openAll(work)) {
    const rule = ruleOf(work, other)
    if (rule?.type !== 'threshold' && rule?.type !== 'event') continue
    distrust(other, (source) => source.startsWith(LIMIT) || source.startsWith(EVENT), 'device_silent')
    settle(work, other, rule, { sampleTs: null, at: work.now, off: 'back_in_range', value: null })
  }
}
