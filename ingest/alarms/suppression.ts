// Suppression hides an alarm from the horn, never from the list, and shows who, why, until when (G5). It belongs to the
// alarm's identity and outlives the alarm. Condition and acknowledgement go on beneath it, with one exception: what is
// active when it ends must be acknowledged (again).
import type { Person, Suppression, TransitionReason } from '../../contract/alarms.ts'
import { absence, findOpen } from './acts.ts'
import { apply, tell } from './alarm.ts'
import type { Cause } from './alarm.ts'
import type { Layers } from './state.ts'
import { trackKey } from './state.ts'
import { LAYER_TELLS, LAYERS, visible, WHOLE_DEVICE } from './suppression-table.ts'
import type { Layer } from './suppression-table.ts'
import type { SuppressionInput, SuppressionRefusal, SuppressionTarget } from './types.ts'
import { openAll, ruleOf } from './work.ts'
import type { OpenTrack, Work } from './work.ts'

const keyOf = (target: SuppressionTarget): string => (target ? trackKey(target.ruleId, target.channel) : WHOLE_DEVICE)

export function takeSuppression(work: Work, input: SuppressionInput): SuppressionRefusal | null {
  switch (input.type) {
    case 'shelve':
      return shelve(work, input)
    case 'unshelve': {
      const track = findOpen(work, input.alarmId)
      if (!track) return absence(work.rules.profile.uid, work.state, input.alarmId)
      return end(work, trackKey(track.ruleId, track.channel), 'shelved', 'human', input.by) ? null : 'not_shelved'
    }
    case 'suppress':
    case 'take_out_of_service': {
      const layer = input.type === 'suppress' ? 'suppressed' : 'out_of_service'
      return start(work, keyOf(input.target), layer, input)
    }
    case 'unsuppress':
    case 'put_in_service': {
      const layer = input.type === 'unsuppress' ? 'suppressed' : 'out_of_service'
      return end(work, keyOf(input.target), layer, 'human', input.by) ? null : 'not_suppressed'
    }
  }
}

function shelve(work: Work, input: Extract<SuppressionInput, { type: 'shelve' }>): SuppressionRefusal | null {
  const track = findOpen(work, input.alarmId)
  if (!track) return absence(work.rules.profile.uid, work.state, input.alarmId)
  if (track.alarm?.priority === 1) return 'never_shelved'
  return start(work, trackKey(track.ruleId, track.channel), 'shelved', input)
}

interface Wish {
  readonly by: Person | null
  readonly reason: string
  readonly until: number | null
}

function start(work: Work, key: string, layer: Layer, { by, reason, until }: Wish): SuppressionRefusal | null {
  if (until !== null && until <= work.now) return 'already_ended'
  const type = layer
  const suppression: Suppression = { type, by, reason, at: work.now, until }
  work.suppressions[key] = { ...work.suppressions[key], [layer]: suppression }
  for (const track of covered(work, key)) {
    show(work, track)
    tell(work, track, LAYER_TELLS[layer].begins, causeOf(work, 'human', by, reason))
  }
  return null
}

const causeOf = (work: Work, reason: TransitionReason, by: Person | null, comment: string | null): Cause => ({
  reason,
  sampleTs: null,
  at: work.now,
  comment,
  ...(by && { by }),
})

/** Ends one layer; false if there was none. */
function end(work: Work, key: string, layer: Layer, reason: TransitionReason, by: Person | null): boolean {
  const layers = work.suppressions[key]
  if (!layers?.[layer]) return false
  const rest: Layers = Object.fromEntries(Object.entries(layers).filter(([name]) => name !== layer))
  if (Object.keys(rest).length === 0) delete work.suppressions[key]
  else work.suppressions[key] = rest
  for (const track of covered(work, key)) {
    show(work, track)
    const cause = causeOf(work, reason, by, null)
    // Still hidden by another layer: it does not surface yet.
    if (track.alarm?.suppression === null) apply(work, track, ruleOf(work, track), 'resurface', cause)
    tell(work, track, LAYER_TELLS[layer].ends, cause)
  }
  return true
}

const covered = (work: Work, key: string): OpenTrack[] =>
  openAll(work).filter((t) => t.alarm && (key === WHOLE_DEVICE || key === trackKey(t.ruleId, t.channel)))

function show(work: Work, track: OpenTrack): void {
  if (!track.alarm) return
  const suppression = visible(work.suppressions, trackKey(track.ruleId, track.channel))
  track.alarm = { ...track.alarm, suppression }
}

/** A one-shot shelf lasts until the alarm returns. */
export function endOneShot(work: Work, track: OpenTrack): void {
  const key = trackKey(track.ruleId, track.channel)
  if (work.suppressions[key]?.shelved?.until === null) end(work, key, 'shelved', 'expired', null)
}

/** P1 is never shelved: a shelf taken at a lower level breaks when the alarm reaches it. */
export function breakShelf(work: Work, track: OpenTrack): void {
  if (track.alarm?.priority !== 1) return
  end(work, trackKey(track.ruleId, track.channel), 'shelved', 'level_risen', null)
}

/** Hub time at which the next suppression ends by itself; Infinity if none does. */
export function suppressionDue(suppressions: Readonly<Record<string, Layers>>): number {
  let due = Infinity
  for (const key in suppressions) {
    for (const layer of LAYERS) due = Math.min(due, suppressions[key]?.[layer]?.until ?? Infinity)
  }
  return due
}

export function endExpired(work: Work, due: number): void {
  for (const [key, layers] of Object.entries(work.suppressions)) {
    for (const layer of LAYERS) {
      if ((layers[layer]?.until ?? Infinity) <= due) end(work, key, layer, 'expired', null)
    }
  }
}
