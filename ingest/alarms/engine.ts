// The alarm engine: (rules, state, input, now) → (state, transitions). Pure: the same arguments give the same answer, the
// given state is never changed, nothing throws on what has passed the door.
import type { ActRefusal } from '../../contract/alarms.ts'
import { takeAct } from './acts.ts'
import type { CompiledRules } from './compiled.ts'
import { EVENT } from './compiled.ts'
import { takeCorroboration } from './corroboration.ts'
import { breakRow, count } from './counts.ts'
import { takeEvent } from './events.ts'
import { takeHubCondition } from './hub-conditions.ts'
import { enterService, move, replace, retire } from './lifecycle.ts'
import { freezeOrphans } from './orphans.ts'
import { takeOrdinary, takeReading } from './reading.ts'
import { hear } from './silence.ts'
import type { DeviceState } from './state.ts'
import { takeSuppression } from './suppression.ts'
import { nextDeadline, resume, runTimers } from './timers.ts'
import type { Decision, Input, SuppressionInput, SuppressionRefusal } from './types.ts'
import { begin, finish } from './work.ts'
import type { Work } from './work.ts'

export { nextDeadline }

export function decide(rules: CompiledRules, state: DeviceState, input: Input, now: number): Decision {
  if (input.type === 'reading') {
    const ordinary = takeOrdinary(rules, state, input, Math.floor(now))
    if (ordinary) return { state: ordinary, transitions: NONE, refusal: null }
  }
  if (isIgnored(state, input)) return { state, transitions: NONE, refusal: null }
  const work = begin(rules, state, now)
  const refusal = take(work, input)
  if (refusal) return { state, transitions: NONE, refusal }
  return finish(work)
}

/** The suppression axis: shelved, suppressed by design, out of service. */
export function decideSuppression(
  rules: CompiledRules,
  state: DeviceState,
  input: SuppressionInput,
  now: number,
): Decision<SuppressionRefusal> {
  const work = begin(rules, state, now)
  const refusal = takeSuppression(work, input)
  if (refusal) return { state, transitions: NONE, refusal }
  return finish(work)
}

const NONE: readonly never[] = Object.freeze([])

/** A retired device is kept for its history: it tells nothing, but people may still bring it back or ask about an alarm. */
const isIgnored = (state: DeviceState, { type }: Input): boolean =>
  state.lifecycle === 'retired' && type !== 'lifecycle' && type !== 'act'

function take(work: Work, input: Input): ActRefusal | null {
  if ('position' in input) work.state.position = Math.max(work.state.position, input.position)
  switch (input.type) {
    case 'reading':
      takeReading(work, input)
      break
    case 'event':
      hear(work, input, announcedBy(work.rules, input.name))
      if (input.quality === 'device') breakRow(work, 'clock_ahead')
      takeEvent(work, input)
      break
    case 'status':
      if (!input.will) hear(work, input, null)
      work.state.online = input.online
      work.state.willed = input.will && !input.online
      break
    case 'connection':
      work.state.online = input.connected
      // A device that was never in service is being installed: its attempts are nobody's alarm.
      if (!input.connected && work.state.lifecycle === 'in_service') count(work, 'disconnects', 1, null)
      break
    case 'rejected':
      count(work, 'rejections', input.count, null)
      break
    case 'clock_ahead':
      count(work, 'clock_ahead', 1, Number.isFinite(input.by) ? Math.round(input.by / 1000) : null)
      break
    case 'corroborated':
      takeCorroboration(work, input)
      break
    case 'tick':
      freezeOrphans(work)
      runTimers(work)
      break
    case 'resumed':
      resume(work, input.away)
      break
    case 'act':
      return takeAct(work, input.act)
    case 'lifecycle':
      if (input.to === 'in_service') enterService(work)
      else retire(work, input.by)
      break
    case 'replaced':
      replace(work, input.by)
      break
    case 'moved':
      move(work)
      break
    case 'hub':
      takeHubCondition(work, input)
  }
  return null
}

/** The source of a silence's announcement (停电) that this event is. */
function announcedBy({ byEvent, silence }: CompiledRules, event: string): string | null {
  const announces = byEvent.get(event)?.some((use) => use.rule === silence?.rule && use.role === 'raise')
  return announces ? EVENT + event : null
}
