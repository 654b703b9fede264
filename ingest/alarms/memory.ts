// What is known of the past of an alarm identity: the times in which its danger was there, in sample time.
import { trackKey } from './state.ts'
import type { Span } from './state.ts'
import { recall } from './work.ts'
import type { OpenTrack, Work } from './work.ts'

/** Spans kept an identity, of each sort. When there are more, a late sample of the oldest may raise again: the safe side. */
const MAX_SPANS = 16
/** Momentary events kept an identity, and events counted of each sort. */
const MAX_SEEN = 32

export const covers = ({ from, to }: Span, ts: number): boolean => from <= ts && ts <= to

/** The span of the open alarm, widened to take in `ts`. */
export function widen(track: OpenTrack, ts: number): void {
  const { from, to } = track.span ?? { from: ts, to: ts }
  track.span = { from: Math.min(from, ts), to: Math.max(to, ts) }
}

/** The alarm of this track closes. */
export function remember(work: Work, track: OpenTrack): void {
  if (!track.span) return
  const memory = recall(work, trackKey(track.ruleId, track.channel))
  memory.past = [...memory.past, track.span].slice(-MAX_SPANS)
}

/** Whether `ts` lies in an alarm that is already closed. */
export function isPast(work: Work, key: string, ts: number): boolean {
  return work.memory[key]?.past.some((span) => covers(span, ts)) ?? false
}

/** A limit was met in this span, for too short a time to count. */
export function dismiss(work: Work, key: string, span: Span): void {
  const memory = recall(work, key)
  memory.dismissed = [...memory.dismissed, span].slice(-MAX_SPANS)
}

/** Whether a value at `ts` is known to have lasted for less than `delay`, ms. */
export function wasTooShort(work: Work, key: string, ts: number, delay: number): boolean {
  const dismissed = work.memory[key]?.dismissed ?? []
  return dismissed.some((span) => covers(span, ts) && span.to - span.from < delay)
}

/** Takes a momentary event in; false if it is already known. `late`: newer ones are known. */
export function see(work: Work, key: string, ts: number): { readonly fresh: boolean; readonly late: boolean } {
  const known = work.memory[key]?.seen ?? []
  const newest = known.at(-1)
  const oldest = known.length === MAX_SEEN ? known[0] : undefined
  if (known.includes(ts) || (oldest !== undefined && ts < oldest)) return { fresh: false, late: true }
  const memory = recall(work, key)
  memory.seen = [...known, ts].sort((a, b) => a - b).slice(-MAX_SEEN)
  return { fresh: true, late: newest !== undefined && ts < newest }
}

/** Notes when an event happened of which several are worse than one; gives all its known times. */
export function countIn(work: Work, key: string, source: string, ts: number): readonly number[] {
  const known = work.memory[key]?.counted?.[source] ?? []
  if (known.includes(ts)) return known
  const memory = recall(work, key)
  const times = [...known, ts].sort((a, b) => a - b).slice(-MAX_SEEN)
  memory.counted = { ...memory.counted, [source]: times }
  return times
}

/** A return that names no channel, as it is remembered at the rule's alarm without a channel. */
export const onEveryChannel = (source: string): string => `*${source}`

/** Newest sample time at which these sources of a rule were returned without a channel named. */
export function returnedEverywhere(work: Work, ruleId: string, sources: readonly string[]): number {
  const events = work.memory[trackKey(ruleId, '')]?.events
  return Math.max(-Infinity, ...sources.map((source) => events?.[onEveryChannel(source)] ?? -Infinity))
}

/** Newest sample time at which an event pair said that it is over; one that stands has not said so. */
export function returnedAt(work: Work, key: string): number {
  const sources = work.tracks[key]?.sources
  let newest = -Infinity
  for (const [name, ts] of Object.entries(work.memory[key]?.events ?? {})) {
    if (sources?.[name]?.phase !== 'on') newest = Math.max(newest, ts)
  }
  return newest
}

/** An alarm that ends without good evidence was there until the newest thing that its device said. */
export function widenToNewest(work: Work, track: OpenTrack): void {
  if (!track.span) return
  const events = work.memory[trackKey(track.ruleId, track.channel)]?.events ?? {}
  for (const ts of [...Object.values(work.newest), ...Object.values(events)]) {
    if (ts > track.span.to) widen(track, ts)
  }
}
