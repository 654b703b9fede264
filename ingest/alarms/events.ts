// Events: pairs, momentary, and flags beside a measured value. Log events are in no index and reach nothing.
import { CHANNELS } from '../../contract/kinds/kind.ts'
import { LIMIT } from './compiled.ts'
import type { CompiledRepeat, CompiledRule, EventUse } from './compiled.ts'
import { elapseBySample } from './delays.ts'
import { tellLate } from './late.ts'
import { countIn, isPast, onEveryChannel, returnedEverywhere, see } from './memory.ts'
import { gradeOf, settle } from './settle.ts'
import { trackKey } from './state.ts'
import { startClearing } from './threshold.ts'
import type { EventInput } from './types.ts'
import { open, recall } from './work.ts'
import type { OpenTrack, Work } from './work.ts'

/** Parts of a device that one alarm keeps apart (故障 of the sensor, of the valve …); a closed list, for states to stay small. */
const PART = /^(sensor|probe_[a-z]|residual_ct|breaker|valve|lock|communication|storage|other)$/

export function takeEvent(work: Work, input: EventInput): void {
  const decided = new Set<CompiledRule>()
  for (const use of work.rules.byEvent.get(input.name) ?? []) {
    // Of several entries of one event the first that matches decides.
    if (decided.has(use.rule) || !says(use.data, input.data)) continue
    decided.add(use.rule)
    if (use.role === 'return') takeReturn(work, use, input)
    else takeRaise(work, use, input)
  }
}

const own = (data: Readonly<Record<string, unknown>>, key: string): unknown =>
  Object.hasOwn(data, key) ? data[key] : undefined

const says = (asked: EventUse['data'], data: Readonly<Record<string, unknown>>): boolean =>
  asked.every(([key, wanted]) => (wanted === '*' ? own(data, key) !== undefined : own(data, key) === wanted))

const valueIn = ({ data }: EventInput): number | null => {
  const value = own(data, 'value')
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

const statedChannel = ({ data }: EventInput): string | undefined => {
  const channel = own(data, 'channel')
  return CHANNELS.find((c) => c === channel)
}

/** The channel an event is about: as it says; else the only one there is, told before, in alarm, or known; else none. */
function channelOf(work: Work, use: EventUse, input: EventInput): string {
  const stated = statedChannel(input)
  const channels = use.limiters.map((limiter) => limiter.channel)
  if (stated !== undefined && (channels.length === 0 || channels.includes(stated))) return stated
  const [only] = channels
  if (only !== undefined && channels.length === 1) return only
  if (stated !== undefined) return stated
  return toldBefore(work, use, input) ?? likelyChannel(work, use)
}

/** Where this message, or a newer one of its sort, was counted: what comes twice must not count in two places. */
function toldBefore(work: Work, use: EventUse, input: EventInput): string | undefined {
  const part = partOf(input)
  return ['', ...CHANNELS].find((channel) => {
    const events = work.memory[trackKey(use.rule.id, channel)]?.events
    return use.sources.some((base) => (events?.[base + part] ?? -Infinity) >= input.ts)
  })
}

function likelyChannel(work: Work, use: EventUse): string {
  const inAlarm = tracksOf(work, use.rule)
  const measured = use.limiters.filter((limiter) => work.newest[limiter.metric] !== undefined)
  const candidates = inAlarm.length === 1 ? inAlarm : measured
  return candidates.length === 1 ? (candidates[0]?.channel ?? '') : ''
}

const tracksOf = (work: Work, rule: CompiledRule) => Object.values(work.tracks).filter((t) => t.ruleId === rule.id)

/** The part an event is about, as a suffix of its source. */
function partOf(input: EventInput): string {
  const part = own(input.data, 'part')
  return typeof part === 'string' && PART.test(part) ? `/${part}` : ''
}

/** Newest evidence on an event's source: the event itself, the pair as a whole, or the 0/1 metric that says the same. */
function newestOf(work: Work, use: EventUse, key: string, source: string): number {
  const events = work.memory[key]?.events
  const limiter = use.limiters.find((l) => l.key === key && l.binary)
  const [base = source] = source.split('/')
  return Math.max(
    events?.[source] ?? -Infinity,
    events?.[base] ?? -Infinity,
    returnedEverywhere(work, use.rule.id, [source, base]),
    (limiter && work.newest[limiter.metric]) ?? -Infinity,
  )
}

function takeRaise(work: Work, use: EventUse, input: EventInput): void {
  const { rule } = use
  const { ts } = input
  const [base] = use.sources
  const grade = base === undefined ? undefined : rule.grades.get(base)
  if (base === undefined || !grade) return
  const channel = channelOf(work, use, input)
  const key = trackKey(rule.id, channel)
  if (use.role === 'momentary') return takeMomentary(work, use, input, channel, base)

  const source = base + partOf(input)
  const newest = newestOf(work, use, key, source)
  if (ts < newest || (ts === newest && isPast(work, key, ts))) {
    const standing = work.tracks[key]?.sources[source]
    const told = work.memory[key]?.events[source]
    const several = severalOf(work, use, key, input, standing && told !== undefined ? told : ts)
    if (standing?.phase === 'on' && several) {
      const track = open(work, rule.id, channel)
      standRepeated(work, track, several.source + partOf(input), source)
      settle(work, track, rule, { sampleTs: ts, at: ts, off: 'device_cleared', value: standing.value })
    } else if (grade.latch) tellLate(work, rule, channel, several?.grade ?? grade, valueIn(input), ts)
    return
  }
  // The same message once more is no new evidence.
  if (work.memory[key]?.events[source] === ts && work.tracks[key]?.sources[source]) return
  recall(work, key).events[source] = ts
  const track = open(work, rule.id, channel)
  elapseBySample(work, track, rule, ts)
  const known = track.sources[source]
  // The announced silence (停电) has its own word.
  const why = rule.type === 'silence' ? 'power_cut' : 'device_flag'
  track.sources[source] = { phase: 'on', since: known?.since ?? ts, due: null, why, value: valueIn(input), stale: null }
  const several = severalOf(work, use, key, input, ts)
  if (several) standRepeated(work, track, several.source + partOf(input), source)
  settle(work, track, rule, { sampleTs: ts, at: ts, off: 'device_cleared', value: valueIn(input) })
}

/** Counts this event; what so many of it within one window around `at` come to: the last, the severest, of what is met. */
function severalOf(
  work: Work,
  { repeats = [] }: EventUse,
  key: string,
  input: EventInput,
  at: number,
): CompiledRepeat | undefined {
  const met = repeats.filter((repeat) => {
    if (!says(repeat.data, input.data)) return false
    const times = countIn(work, key, repeat.source + partOf(input), input.ts)
    return times.some((from, i) => {
      const to = times[i + repeat.atLeast - 1]
      return to !== undefined && to - from <= repeat.window && from <= at && at <= to
    })
  })
  return met.at(-1)
}

/** It stands and falls with the event itself. */
function standRepeated(work: Work, track: OpenTrack, repeated: string, event: string): void {
  const standing = track.sources[event]
  const { events } = recall(work, trackKey(track.ruleId, track.channel))
  if (!standing) return
  track.sources[repeated] = { ...standing, why: 'repeated' }
  events[repeated] = events[event] ?? standing.since
}

/** Active, then at once returned, or latched. */
function takeMomentary(work: Work, use: EventUse, input: EventInput, channel: string, base: string): void {
  const { rule } = use
  const { ts } = input
  const key = trackKey(rule.id, channel)
  const { fresh, late } = see(work, key, ts)
  if (!fresh) return
  const several = severalOf(work, use, key, input, ts)
  const source = several?.source ?? base
  const grade = gradeOf(rule, source)
  if (!grade) return
  const value = valueIn(input)
  if (late && grade.latch) return tellLate(work, rule, channel, grade, value, ts)
  const track = open(work, rule.id, channel)
  const why = late ? 'late' : several ? 'repeated' : 'momentary'
  track.sources[source] = { phase: 'on', since: ts, due: null, why, value, stale: null }
  settle(work, track, rule, { sampleTs: ts, at: ts, off: 'momentary', value })
  delete track.sources[source]
  settle(work, track, rule, { sampleTs: ts, at: ts, off: 'momentary', value })
}

function takeReturn(work: Work, use: EventUse, input: EventInput): void {
  const channels = new Set([channelOf(work, use, input)])
  const isStated = statedChannel(input) !== undefined
  if (!isStated) for (const track of tracksOf(work, use.rule)) channels.add(track.channel)
  for (const channel of channels) returnOn(work, use, input, channel)
  if (isStated) return
  const { events } = recall(work, trackKey(use.rule.id, ''))
  for (const base of use.sources) {
    const name = onEveryChannel(base + partOf(input))
    events[name] = Math.max(events[name] ?? -Infinity, input.ts)
  }
}

function returnOn(work: Work, use: EventUse, input: EventInput, channel: string): void {
  const { rule } = use
  const { ts } = input
  const key = trackKey(rule.id, channel)
  const live = work.tracks[key] ? open(work, rule.id, channel) : null
  const newer = use.sources
    .flatMap((base) => returned(live, base, input))
    .filter((source) => ts > newestOf(work, { ...use, limiters: [] }, key, source))
  for (const source of newer) recall(work, key).events[source] = ts
  if (!live || newer.length === 0) return
  elapseBySample(work, live, rule, ts)
  for (const source of newer) startClearing(work, live, rule.offDelay, source, valueIn(input), ts)
  clearMetric(work, use, live, ts)
  settle(work, live, rule, { sampleTs: ts, at: ts, off: 'device_cleared', value: valueIn(input) })
}

/** A return without a part returns every part. */
function returned(track: OpenTrack | null, base: string, input: EventInput): string[] {
  const part = partOf(input)
  if (part !== '') return [base + part]
  return [base, ...Object.keys(track?.sources ?? {}).filter((name) => name.startsWith(`${base}/`))]
}

/** The other side of a pair says what the 0 of its 0/1 metric says. */
function clearMetric(work: Work, use: EventUse, track: OpenTrack, ts: number): void {
  const limiter = use.limiters.find((l) => l.binary && l.channel === track.channel)
  if (!limiter || (work.newest[limiter.metric] ?? -Infinity) >= ts) return
  for (const [name, source] of Object.entries(track.sources)) {
    if (!name.startsWith(LIMIT)) continue
    if (source.phase === 'pending') delete track.sources[name]
    else startClearing(work, track, limiter.rule.offDelay, name, null, ts)
  }
}
