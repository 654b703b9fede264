// Alarms whose rule no longer decides: withdrawn, or without an attribute that it needs. Nobody could see them end, so they
// freeze for a person to look at. If the rule comes back, the next good evidence thaws them. An alarm that was one only under
// its site's regime is different: with the order the danger has ended, and so does the alarm.
import { apply } from './alarm.ts'
import { LIMIT } from './compiled.ts'
import type { CompiledRules } from './compiled.ts'
import { distrust, gradeOf, settle, stands } from './settle.ts'
import { trackKey } from './state.ts'
import type { DeviceState, Track } from './state.ts'
import { open, ruleOf } from './work.ts'
import type { OpenTrack, Work } from './work.ts'

/** A level that a newer version dropped is no orphan: the next sample of its metric is judged by that version. */
function isOrphan(rules: CompiledRules, track: Track, source: string): boolean {
  const rule = rules.byId.get(track.ruleId)
  if (!rule) return true
  return source.startsWith(LIMIT)
    ? !rules.limited.has(trackKey(track.ruleId, track.channel))
    : gradeOf(rule, source) === undefined
}

const orphansOf = (rules: CompiledRules, track: Track): string[] =>
  Object.keys(track.sources).filter((name) => !track.sources[name]?.stale && isOrphan(rules, track, name))

const isOffRegime = (rules: CompiledRules, track: Track): boolean =>
  rules.byId.get(track.ruleId)?.offRegime === true && Object.keys(track.sources).length > 0

/** Whether the rules have changed since the state was decided in a way that leaves orphans: due at once. */
export const hasOrphans = (rules: CompiledRules, { tracks }: Pick<DeviceState, 'tracks'>): boolean =>
  Object.values(tracks).some((track) => isOffRegime(rules, track) || orphansOf(rules, track).length > 0)

export function freezeOrphans(work: Work): void {
  for (const track of Object.values(work.tracks)) {
    if (isOffRegime(work.rules, track)) {
      endWithRegime(work, open(work, track.ruleId, track.channel))
      continue
    }
    const orphans = orphansOf(work.rules, track)
    if (orphans.length === 0) continue
    const opened = open(work, track.ruleId, track.channel)
    for (const name of orphans) {
      const source = opened.sources[name]
      if (source && !stands(source)) delete opened.sources[name]
    }
    // A person changed the rules or the attributes.
    distrust(opened, (name) => orphans.includes(name), 'human')
    const rule = ruleOf(work, opened)
    const cause = { sampleTs: null, at: work.now }
    if (rule) settle(work, opened, rule, { ...cause, off: 'human', value: null })
    else apply(work, opened, undefined, 'freeze', { ...cause, reason: 'human' })
  }
}

function endWithRegime(work: Work, track: OpenTrack): void {
  const rule = ruleOf(work, track)
  if (!rule) return
  const cause = { sampleTs: null, at: work.now }
  track.sources = {}
  apply(work, track, rule, 'thaw', { ...cause, reason: 'regime_ended' })
  settle(work, track, rule, { ...cause, off: 'regime_ended', value: null })
}
