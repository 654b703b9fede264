// From the sources of one alarm identity to its alarm: the strongest source decides, all must be normal for it to return.
import type { TransitionReason } from '../../contract/alarms.ts'
import { apply } from './alarm.ts'
import type { Cause } from './alarm.ts'
import { EVENT, LIMIT, severityOf } from './compiled.ts'
import type { CompiledRule } from './compiled.ts'
import { widen } from './memory.ts'
import type { Grade, Source } from './state.ts'
import { breakShelf, endOneShot } from './suppression.ts'
import type { OpenTrack, Work } from './work.ts'

/** What moved the sources. */
export interface Evidence {
  readonly sampleTs: number | null
  readonly at: number
  /** Why it returns, if it does. */
  readonly off: TransitionReason
  readonly value: number | null
}

/** An event's source may name a part of the device: `event:fault/valve`. */
export function gradeOf(rule: CompiledRule, source: string): Grade | undefined {
  const part = source.indexOf('/')
  return rule.grades.get(part < 0 ? source : source.slice(0, part))
}

export const stands = (source: Source): boolean => source.phase !== 'pending'

interface Standing {
  readonly source: Source
  readonly grade: Grade
}

/**
 * The strongest standing source. One that the rule's newest version no longer knows holds what the alarm has, until the
 * next sample of its metric is judged by that version.
 */
function strongest(rule: CompiledRule, track: OpenTrack): Standing | null {
  let best: Standing | null = null
  for (const [name, source] of Object.entries(track.sources)) {
    if (!stands(source)) continue
    const grade = gradeOf(rule, name) ?? heldGrade(track)
    if (!grade) continue
    if (!best || severityOf(grade) > severityOf(best.grade)) best = { source, grade }
  }
  return best
}

function heldGrade({ alarm }: OpenTrack): Grade | null {
  if (!alarm) return null
  const { level, priority, limit, title } = alarm
  return { level, priority, latch: false, limit, title }
}

/** The words: the deciding level's own, else those of a standing event (停电), else the rule's. */
function titled(rule: CompiledRule, track: OpenTrack, grade: Grade): Grade {
  if (grade.title) return grade
  for (const [name, source] of Object.entries(track.sources)) {
    const title = stands(source) && name.startsWith(EVENT) ? gradeOf(rule, name)?.title : null
    if (title) return { ...grade, title }
  }
  return { ...grade, title: rule.title }
}

/** Brings the alarm in line with its sources. */
export function settle(work: Work, track: OpenTrack, rule: CompiledRule, evidence: Evidence): void {
  const { sampleTs, at } = evidence
  const stale = staleness(track)
  const freeze = () => stale && apply(work, track, rule, 'freeze', { reason: stale, sampleTs, at })
  freeze()
  if (track.alarm?.condition === 'frozen') {
    if (stale) return
    apply(work, track, rule, 'thaw', { reason: 'good_value', sampleTs, at })
  }

  const top = strongest(rule, track)
  if (!top) return settleNormal(work, track, rule, evidence)

  for (const [name, source] of Object.entries(track.sources)) {
    if (stands(source)) latch(track, gradeOf(rule, name))
  }
  const latched = track.latch
  const effective = latched && severityOf(latched) > severityOf(top.grade) ? latched : top.grade
  const grade = titled(rule, track, effective)
  const cause: Cause = { reason: top.source.why, sampleTs, at, value: top.source.value }

  widen(track, top.source.since)
  if (track.alarm?.condition !== 'active') {
    apply(work, track, rule, 'occur', cause, grade)
  } else {
    const change = severityOf(grade) - severityOf(track.alarm)
    if (change > 0) apply(work, track, rule, 'worsen', { ...cause, reason: risenReason(top.source) }, grade)
    if (change < 0) apply(work, track, rule, 'ease', { ...cause, reason: 'level_fallen' }, grade)
  }
  breakShelf(work, track)
  freeze()
}

/** Why nothing that stands can be believed; null if something can, or nothing stands. */
function staleness(track: OpenTrack): TransitionReason | null {
  const standing = Object.values(track.sources).filter(stands)
  return standing.every((source) => source.stale) ? (standing[0]?.stale ?? null) : null
}

const OWN_WORD: ReadonlySet<TransitionReason> = new Set(['device_flag', 'repeated'])
const risenReason = ({ why }: Source): TransitionReason => (OWN_WORD.has(why) ? why : 'level_risen')

function settleNormal(work: Work, track: OpenTrack, rule: CompiledRule, evidence: Evidence): void {
  if (track.alarm?.condition !== 'active') return
  widen(track, evidence.at)
  const { sampleTs, at, value, off: reason } = evidence
  apply(work, track, rule, track.latch ? 'return_latched' : 'return', { reason, sampleTs, at, value })
  endOneShot(work, track)
}

/** A latching level, once reached, is kept until the alarm is reset; a worse one replaces it. */
export function latch(track: OpenTrack, grade: Grade | undefined): void {
  if (!grade?.latch) return
  if (!track.latch || severityOf(grade) > severityOf(track.latch)) track.latch = grade
}

/** What was heard of these sources can no longer be believed: they stand, or come to, and no off-delay ends them (G4). */
export function distrust(track: OpenTrack, which: (source: string) => boolean, stale: TransitionReason): void {
  for (const [name, source] of Object.entries(track.sources)) {
    if (which(name)) track.sources[name] = { ...source, due: stands(source) ? null : source.due, stale }
  }
}

/** A level that counts makes the milder ones count, whatever is left of their delays. */
export function raiseMilder(track: OpenTrack, rule: CompiledRule, grade: Grade): void {
  for (const [name, source] of Object.entries(track.sources)) {
    const milder = name.startsWith(LIMIT) && source.phase === 'pending' ? gradeOf(rule, name) : undefined
    if (milder && severityOf(milder) < severityOf(grade)) {
      track.sources[name] = { ...source, phase: 'on', due: null }
    }
  }
}
