// What the hub finds out about itself: no armed desk, no disk, no store.
import { HUB } from './compiled.ts'
import { settle } from './settle.ts'
import { open } from './work.ts'
import type { Work } from './work.ts'

export function takeHubCondition(
  work: Work,
  input: { readonly ruleId: string; readonly channel: string; readonly active: boolean; readonly value: number | null },
): void {
  const rule = work.rules.byId.get(input.ruleId)
  if (rule?.type !== 'hub') return
  const { value } = input
  const { now } = work
  const track = open(work, rule.id, input.channel)
  const known = track.sources[HUB]
  if (!input.active) {
    delete track.sources[HUB]
  } else if (known) {
    track.sources[HUB] = { ...known, value }
  } else {
    const delay = rule.onDelays.get(HUB) ?? 0
    const phase = delay === 0 ? 'on' : 'pending'
    const due = delay === 0 ? null : now + delay
    track.sources[HUB] = { phase, since: now, due, why: 'hub_condition', value, stale: null }
  }
  settle(work, track, rule, { sampleTs: null, at: now, off: 'hub_condition', value })
}
