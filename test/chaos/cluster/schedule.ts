// What a device of the fleet measures: so many samples within its limit, then so many over it, and again; each device at
// another place of the circle. Pure, so that what the hub owes can be said without asking it.
import type { Api } from '../../support/api.ts'
import type { KindRule, VersionedRule } from '../../../contract/rules.ts'

export interface Cycle {
  /** Samples within the limit, then over it. */
  readonly quiet: number
  readonly loud: number
}

/** The rule that the fleet's alarms are decided by, once `simplifyRule` has made it one. */
export const FLEET_RULE = 'electricity.residual_current'
const LIMIT = 500
const [WITHIN, OVER] = [20, 800]

/** Whether the n-th sample of the device is over the limit. Every device begins within it. */
export function isLoud(device: number, sample: number, { quiet, loud }: Cycle): boolean {
  const length = quiet + loud
  const place = device % length
  // Those that would begin over the limit are quiet in their first round.
  if (sample + place < length && place >= quiet) return false
  return (sample + place) % length >= quiet
}

export const bodyOf = (ts: number, loud: boolean): string =>
  JSON.stringify({ ts, values: { residual_current: loud ? OVER : WITHIN, temperature_a: 31 } })

/** The metrics of a sample, as the store must have each of them. */
export const METRICS = ['residual_current', 'temperature_a'] as const

/**
 * One level, without delays, of a priority that nobody need acknowledge: every sample over the limit after one within it
 * raises an alarm, and the next one within it returns and closes it.
 */
export async function simplifyRule(api: Api): Promise<void> {
  const rule = await api.ok<VersionedRule & KindRule>('GET', `/rules/electricity/${FLEET_RULE}`)
  const level = { name: 'warn', limit: LIMIT, priority: 4, onDelay: 0, latch: false }
  await api.ok('PUT', `/rules/electricity/${FLEET_RULE}`, {
    ...rule,
    variants: [{ levels: [level], deadband: { absolute: 0 }, offDelay: 0 }],
    also: [],
  })
}
