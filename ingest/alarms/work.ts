// One decision in progress: copies of what it touches, so that the state it began with stays what it was. (A commit that
// fails discards the result and decides again from the old state.)
import { alarmId, trackKey } from './state.ts'
import type { CompiledRule, CompiledRules } from './compiled.ts'
import type { DeviceState, Layers, Memory, Source, Track } from './state.ts'
import type { Decision, EngineTransition } from './types.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export type OpenTrack = Mutable<Omit<Track, 'sources'>> & { sources: Record<string, Source> }
export type OpenMemory = Mutable<Omit<Memory, 'events'>> & { events: Record<string, number> }

export interface Work {
  readonly rules: CompiledRules
  readonly now: number
  readonly state: Mutable<Omit<DeviceState, 'tracks' | 'memory' | 'suppressions' | 'newest'>>
  readonly newest: Record<string, number>
  readonly tracks: Record<string, Track>
  readonly memory: Record<string, Memory>
  readonly suppressions: Record<string, Layers>
  /** Tracks and memories that are already copies. */
  readonly opened: Map<string, OpenTrack>
  readonly recalled: Map<string, OpenMemory>
  readonly transitions: EngineTransition[]
}

export function begin(rules: CompiledRules, state: DeviceState, now: number): Work {
  const { tracks, memory, suppressions, newest, ...rest } = state
  return {
    rules,
    // Instants of the contract are whole; a monotonic clock may not be.
    now: Math.floor(now),
    state: rest,
    newest: { ...newest },
    tracks: { ...tracks },
    memory: { ...memory },
    suppressions: { ...suppressions },
    opened: new Map(),
    recalled: new Map(),
    transitions: [],
  }
}

export function open(work: Work, ruleId: string, channel: string): OpenTrack {
  const key = trackKey(ruleId, channel)
  const opened = work.opened.get(key)
  if (opened) return opened
  const known = work.tracks[key]
  const track: OpenTrack = known
    ? { ...known, sources: { ...known.sources } }
    : { ruleId, channel, sources: {}, latch: null, alarm: null, owed: false, span: null, hits: [] }
  work.opened.set(key, track)
  work.tracks[key] = track
  return track
}

/** Every track that is not at rest, for inputs that concern them all. */
export function openAll(work: Work): OpenTrack[] {
  return Object.values(work.tracks).map(({ ruleId, channel }) => open(work, ruleId, channel))
}

export function recall(work: Work, key: string): OpenMemory {
  const recalled = work.recalled.get(key)
  if (recalled) return recalled
  const known = work.memory[key]
  const memory: OpenMemory = known
    ? { ...known, events: { ...known.events } }
    : { events: {}, past: [], dismissed: [], seen: [] }
  work.recalled.set(key, memory)
  work.memory[key] = memory
  return memory
}

/** The rule of a track; undefined when it no longer decides anything for this device. */
export const ruleOf = (work: Work, track: Pick<Track, 'ruleId'>): CompiledRule | undefined =>
  work.rules.byId.get(track.ruleId)

export function nextAlarmId(work: Work): string {
  work.state.issued += 1
  return alarmId(work.rules.profile.uid, work.state.issued)
}

export function finish(work: Work): Decision<never> {
  for (const [key, track] of work.opened) {
    if (track.alarm === null && track.hits.length === 0 && Object.keys(track.sources).length === 0) {
      delete work.tracks[key]
    }
  }
  const { state, newest, tracks, memory, suppressions, transitions } = work
  return { state: { ...state, newest, tracks, memory, suppressions }, transitions, refusal: null }
}
