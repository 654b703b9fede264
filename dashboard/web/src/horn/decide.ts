// What this desk's horn should do now, as a pure function of what the page knows and the time. Nothing here makes a sound.
//
// An alarm calls while nobody has taken it (接警, on any desk) and nothing suppresses it (G5: it stays in the list). P1 loops,
// louder after 30 s, and is spoken; P2 sounds three times, then once a minute; P3 chimes once, not at night; P4 never.
// A P1 that was taken calls again as if it were not when nobody has said within 10 min what it was (核实结论).
// 消音 is of this desk only; it ends by itself, or by a new call as urgent as what was muted.
import type { Alarm } from '../../../../contract/alarms.ts'
import type { Link } from '../feed/link.ts'

/** Two clocks, ms: `mono` never jumps and carries every interval; `wall` is the hub's, for the night and for what is shown. */
export interface Instant {
  readonly mono: number
  readonly wall: number
}

type Calling = 1 | 2 | 3

interface Onset {
  /** When this page first heard it call at this priority, `mono`. */
  readonly at: number
  readonly priority: Calling
  /** It was taken, and nobody has said what it was. */
  readonly unverified: boolean
  /** A chime is due: it came while this page watched, and not at night. */
  readonly chimes: boolean
}

interface Mute {
  readonly at: number
  readonly until: number
  /** The same end on the wall clock: a machine that slept does not stay mute longer than it said. */
  readonly untilWall: number
  /** The most urgent of what was sounding. */
  readonly level: Calling
}

export interface HornState {
  /** Alarm id → since when it calls; null before the first list has come. */
  readonly onsets: ReadonlyMap<string, Onset> | null
  /** Since when the link is dead, `mono`; null while it is not. */
  readonly downAt: number | null
  readonly mute: Mute | null
}
export const SILENT: HornState = { onsets: null, downAt: null, mute: null }

export type CallablePart = Pick<Alarm, 'id' | 'priority' | 'ack' | 'suppression' | 'closedAt' | 'verdict'>

export interface Heard {
  /** The open alarms; null before the first list has come. */
  readonly alarms: readonly CallablePart[] | null
  readonly link: Link
  /** The page's wall clock, against which the link's instants are; ms. */
  readonly pageNow: number
}

/** One sounding of one pattern: the page plays it once for every new `key`. */
export interface Call {
  readonly pattern: 'p1' | 'p2' | 'p3' | 'link'
  readonly key: string
  readonly loud: boolean
  /** Instead of the tone, this alarm is spoken. */
  readonly say: string | null
}

export const MUTE_MS = 3 * 60_000
export const LOUD_AFTER_MS = 30_000
export const LINK_TONE_AFTER_MS = 15_000
/** From 接警 of a P1 to its 核实结论. */
export const VERDICT_WITHIN_MS = 10 * 60_000
const P1_SLOT_MS = 2_000
/** Three tones, then the time of three to speak a place. */
const P1_SLOTS = 6
const P1_TONE_SLOTS = 3
const P2_MS = 3_000
const P2_FIRST = 3
const P2_AGAIN_MS = 60_000
const P3_MS = 1_500
/** However many are raised in such a stretch of time, they chime once. */
const P3_STRETCH_MS = 5_000
const LINK_EVERY_MS = 10_000
const LINK_MS = 1_500

const HOUR_MS = 3_600_000
/** Beijing time has had no summer time since 1991. */
const BEIJING_MS = 8 * HOUR_MS
export function isNight(wall: number): boolean {
  const hour = Math.floor((wall + BEIJING_MS) / HOUR_MS) % 24
  return hour >= 22 || hour < 6
}

/** A P1 that somebody took too long ago for nobody to have found out what it is. `wall`: the hub's time. */
export const lacksVerdict = ({ priority, ack, verdict, closedAt }: CallablePart, wall: number): boolean =>
  priority === 1 && closedAt === null && verdict === null && ack !== null && wall - ack.at >= VERDICT_WITHIN_MS

function callsAs(alarm: CallablePart, wall: number): Calling | null {
  if (alarm.priority === 4 || alarm.suppression !== null || alarm.closedAt !== null) return null
  return alarm.ack === null || lacksVerdict(alarm, wall) ? alarm.priority : null
}

/** The state after what is known now. Call with every change of the list or the link, and as time passes. */
export function hear(state: HornState, heard: Heard, now: Instant): HornState {
  const onsets = heard.alarms === null ? state.onsets : onsetsOf(state.onsets, heard.alarms, now)
  const downAt =
    heard.link.phase !== 'disconnected'
      ? null
      : (state.downAt ?? now.mono - Math.max(0, heard.pageNow - heard.link.since))
  return { onsets, downAt, mute: state.mute !== null && lasts(state.mute, onsets, now) ? state.mute : null }
}

function onsetsOf(held: HornState['onsets'], alarms: readonly CallablePart[], now: Instant): HornState['onsets'] {
  const onsets = new Map<string, Onset>()
  for (const alarm of alarms) {
    const priority = callsAs(alarm, now.wall)
    if (priority === null) continue
    const before = held?.get(alarm.id)
    const unverified = alarm.ack !== null
    // One that has become more urgent calls anew; one that has become less so goes on as what it is now.
    const goesOn = before !== undefined && before.priority <= priority && before.unverified === unverified
    const chimes = held !== null && priority === 3 && !isNight(now.wall)
    onsets.set(alarm.id, goesOn ? { ...before, priority } : { at: now.mono, priority, unverified, chimes })
  }
  return onsets
}

function lasts(mute: Mute, onsets: HornState['onsets'], now: Instant): boolean {
  if (now.mono >= mute.until || now.wall >= mute.untilWall) return false
  for (const onset of onsets?.values() ?? []) if (onset.at > mute.at && onset.priority <= mute.level) return false
  return true
}

/** The most urgent of what calls, the dead link as P2; null when there is nothing to mute. */
export function loudest(state: HornState, now: Instant): Calling | null {
  const priorities = [...(state.onsets?.values() ?? [])].map((onset) => onset.priority)
  if (isDead(state, now)) priorities.push(2)
  const urgent = Math.min(...priorities)
  return urgent === 1 || urgent === 2 ? urgent : callAt(state, now) === null ? null : 3
}

/** The alarms that call for their verdict: the page says so beside the horn, for nothing in the list is new. */
export const unverified = ({ onsets }: HornState): string[] =>
  [...(onsets ?? [])].flatMap(([id, onset]) => (onset.unverified ? [id] : []))

/** 消音: nothing changes but this desk's sound. */
export function muted(state: HornState, now: Instant): HornState {
  const level = loudest(state, now)
  if (level === null) return state
  return { ...state, mute: { at: now.mono, until: now.mono + MUTE_MS, untilWall: now.wall + MUTE_MS, level } }
}

/** What should sound now. `voice`: alarms can be spoken here; where they cannot, the tone takes the voice's place. */
export function decide(state: HornState, now: Instant, voice: boolean): Call | null {
  return state.mute === null ? callAt(state, now, voice) : null
}

function callAt(state: HornState, { mono, wall }: Instant, voice = false): Call | null {
  const of = (priority: Calling) =>
    [...(state.onsets ?? [])]
      .filter(([, onset]) => onset.priority === priority)
      .map(([id, { at, chimes }]) => ({ id, at, chimes }))
      .toSorted((a, b) => b.at - a.at)
  return (
    urgentCall(of(1), mono, voice) ??
    (isDead(state, { mono, wall }) ? linkCall(mono - (state.downAt ?? mono) - LINK_TONE_AFTER_MS) : null) ??
    seriousCall(of(2)[0]?.at, mono) ??
    chimeCall(of(3).find(({ chimes }) => chimes)?.at, mono)
  )
}

const isDead = (state: HornState, now: Instant): boolean =>
  state.downAt !== null && now.mono - state.downAt >= LINK_TONE_AFTER_MS

/** `calling`: the newest first. Its rhythm is the newest's, its loudness that of the one that has waited longest. */
function urgentCall(calling: readonly { readonly id: string; readonly at: number }[], mono: number, voice: boolean) {
  const [newest, oldest] = [calling[0], calling.at(-1)]
  if (newest === undefined || oldest === undefined) return null
  const slot = Math.floor((mono - newest.at) / P1_SLOT_MS)
  const round = Math.floor(slot / P1_SLOTS)
  const speaks = voice && slot % P1_SLOTS >= P1_TONE_SLOTS
  return {
    pattern: 'p1',
    key: `p1 ${newest.id} ${newest.at} ${speaks ? `say ${round}` : slot}`,
    loud: mono - oldest.at >= LOUD_AFTER_MS,
    say: speaks ? (calling[round % calling.length]?.id ?? null) : null,
  } satisfies Call
}

function linkCall(sinceTone: number): Call | null {
  if (sinceTone % LINK_EVERY_MS >= LINK_MS) return null
  return { pattern: 'link', key: `link ${Math.floor(sinceTone / LINK_EVERY_MS)}`, loud: false, say: null }
}

function seriousCall(newestAt: number | undefined, mono: number): Call | null {
  if (newestAt === undefined) return null
  const since = mono - newestAt
  const [time, into] =
    since < P2_AGAIN_MS
      ? [Math.floor(since / P2_MS), since % P2_MS]
      : [Math.floor(since / P2_AGAIN_MS) + P2_FIRST, since % P2_AGAIN_MS]
  if (into >= P2_MS || (since < P2_AGAIN_MS && time >= P2_FIRST)) return null
  return { pattern: 'p2', key: `p2 ${newestAt} ${time}`, loud: false, say: null }
}

function chimeCall(newestAt: number | undefined, mono: number): Call | null {
  if (newestAt === undefined || mono - newestAt >= P3_MS) return null
  return { pattern: 'p3', key: `p3 ${Math.floor(newestAt / P3_STRETCH_MS)}`, loud: false, say: null }
}
