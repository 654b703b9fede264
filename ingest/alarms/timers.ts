// Everything that ends by hub time: delays that no sample ended, silence, suppressions.
import type { CompiledRules } from './compiled.ts'
import { elapseByClock, nextDue } from './delays.ts'
import { hasOrphans } from './orphans.ts'
import { fallSilent, freezeIfSilent, isSilent, silenceDue } from './silence.ts'
import type { DeviceState } from './state.ts'
import { endExpired, suppressionDue } from './suppression.ts'
import { open, openAll, ruleOf } from './work.ts'
import type { Work } from './work.ts'

/** Long past: due at once. */
const OVERDUE = 0

/** Hub time at which a tick is due; null if nothing waits. Ask again after every decision and when rules change. */
export function nextDeadline(rules: CompiledRules, state: DeviceState): number | null {
  if (hasOrphans(rules, state)) return OVERDUE
  let due = Math.min(silenceDue(rules, state), suppressionDue(state.suppressions))
  for (const key in state.tracks) {
    const track = state.tracks[key]
    if (track) due = Math.min(due, nextDue(track))
  }
  return due === Infinity ? null : due
}

/** Ends what is due, earliest first: a device that fell silent before a delay ran out freezes what the delay would clear. */
export function runTimers(work: Work): void {
  for (;;) {
    const silence = silenceDue(work.rules, { ...work.state, tracks: work.tracks })
    const suppression = suppressionDue(work.suppressions)
    const waiting = Object.values(work.tracks).filter((track) => ruleOf(work, track))
    const due = Math.min(silence, suppression, ...waiting.map(nextDue))
    if (due > work.now) break
    if (silence === due) {
      fallSilent(work, due)
      freezeIfSilent(work)
      continue
    }
    if (suppression === due) endExpired(work, due)
    for (const { ruleId, channel } of waiting.filter((track) => nextDue(track) === due)) {
      const track = open(work, ruleId, channel)
      const rule = ruleOf(work, track)
      if (rule) elapseByClock(work, track, rule)
    }
  }
  freezeIfSilent(work)
}

/**
 * The hub was deaf: nothing that a device did not say meanwhile proves anything, so silence and off-delays begin anew.
 * On-delays go on, those that ran out have run out; a wall clock that was set back does not prolong them.
 *
 * Where it is known how long it was `away`, silence and off-delays are only put off by that: a hub that is deaf again and
 * again still notices who has fallen silent (G4). Its connections did not end then.
 */
export function resume(work: Work, away = Infinity): void {
  const { state, now } = work
  // Its connection ended with the hub; it is not there before it is heard again.
  if (away === Infinity) state.online = false
  if (state.heardAt !== null && !isSilent(work.rules, work.tracks)) state.heardAt = Math.min(now, state.heardAt + away)
  for (const track of openAll(work)) {
    const rule = ruleOf(work, track)
    if (!rule) continue
    for (const [name, source] of Object.entries(track.sources)) {
      if (source.due === null) continue
      const due =
        source.phase === 'clearing'
          ? Math.min(source.due + away, now + rule.offDelay)
          : Math.min(source.due, now + (rule.onDelays.get(name) ?? 0))
      track.sources[name] = { ...source, due }
    }
  }
}
