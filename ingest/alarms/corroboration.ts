// What other alarms of a site make of one: an arc beside smoke is a fire, not a motor's brushes. Each device is decided by
// itself; between two of them stands only this comparison of what their states say, in sample time. It asks for nothing
// but those states, so whichever came first, and however often it is asked, the answer is the same.
import type { Priority } from '../../contract/rules.ts'
import { apply } from './alarm.ts'
import { severityOf } from './compiled.ts'
import type { CompiledCorroboration, CompiledRules } from './compiled.ts'
import { covers } from './memory.ts'
import { latch } from './settle.ts'
import { trackKey } from './state.ts'
import type { DeviceState, Span, Track } from './state.ts'
import { breakShelf } from './suppression.ts'
import type { CorroborationInput } from './types.ts'
import { open } from './work.ts'
import type { Work } from './work.ts'

/** A device as its site sees it. */
export interface Witness {
  readonly rules: CompiledRules
  readonly state: DeviceState
}

/** Whether the device has an alarm that another at its site could make worse. */
export const asksForWitness = ({ rules, state }: Witness): boolean =>
  rules.corroborated.some((corroborated) => askingTracks(corroborated, state).length > 0)

/** What the device must be told of its site; empty if nothing there changes anything. */
export function corroborate(device: Witness, site: readonly Witness[]): CorroborationInput[] {
  return device.rules.corroborated.flatMap((corroborated) =>
    askingTracks(corroborated, device.state).flatMap((track) => {
      const dangers = site.flatMap((witness) => dangersOf(witness, corroborated.by))
      const at = firstTogether(eventsOf(device.state, track), dangers, corroborated.within)
      return at === null ? [] : [{ type: 'corroborated' as const, ruleId: track.ruleId, channel: track.channel, at }]
    }),
  )
}

function askingTracks({ rule, grade }: CompiledCorroboration, { tracks }: DeviceState): Track[] {
  const asking: Track[] = []
  for (const key in tracks) {
    const track = tracks[key]
    if (track?.ruleId === rule.id && track.alarm && severityOf(track.alarm) < severityOf(grade)) asking.push(track)
  }
  return asking
}

/** When the open alarm's own events happened; those of an alarm that was closed before concern nobody any more. */
function eventsOf({ memory }: DeviceState, { ruleId, channel, span }: Track): readonly number[] {
  const seen = memory[trackKey(ruleId, channel)]?.seen ?? []
  return span ? seen.filter((ts) => covers(span, ts)) : []
}

/** When alarms of these rules stood, at these priorities or worse; one that was not seen to end stands for ever. */
function dangersOf({ rules, state }: Witness, by: ReadonlyMap<string, Priority>): Span[] {
  const dangers: Span[] = []
  for (const key in state.tracks) {
    const track = state.tracks[key]
    if (!track?.alarm || !track.span || track.alarm.priority > (by.get(track.ruleId) ?? 0)) continue
    const stands = track.alarm.condition === 'active' || track.alarm.condition === 'frozen'
    dangers.push(stands ? { from: track.span.from, to: Infinity } : track.span)
  }
  for (const [ruleId, priority] of by) {
    // Of a closed alarm is known that it reached its rule's mildest level.
    const grades = [...(rules.byId.get(ruleId)?.grades.values() ?? [])]
    if (grades.length === 0 || grades.some((grade) => grade.priority > priority)) continue
    for (const key in state.memory) if (key.startsWith(`${ruleId}/`)) dangers.push(...(state.memory[key]?.past ?? []))
  }
  return dangers
}

/** The first instant at which an event and a danger near it were both there; null if none are near each other. */
function firstTogether(events: readonly number[], dangers: readonly Span[], within: number): number | null {
  let first: number | null = null
  for (const at of events) {
    for (const { from, to } of dangers) {
      if (at < from - within || at > to + within) continue
      first = Math.min(first ?? Infinity, Math.max(at, from))
    }
  }
  return first
}

/** The same alarm, worse: it must be acknowledged again, and only a reset ends it. */
export function takeCorroboration(work: Work, { ruleId, channel, at }: CorroborationInput): void {
  const corroborated = work.rules.corroborated.find(({ rule }) => rule.id === ruleId)
  const alarm = work.tracks[trackKey(ruleId, channel)]?.alarm
  if (!corroborated || !alarm) return
  const { rule, grade } = corroborated
  if (severityOf(alarm) >= severityOf(grade)) return
  const track = open(work, ruleId, channel)
  latch(track, grade)
  const worse = { ...grade, title: grade.title ?? rule.title }
  apply(work, track, rule, 'late_worse', { reason: 'corroboration', sampleTs: at, at }, worse)
  breakShelf(work, track)
}
