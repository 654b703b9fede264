// Order and repetition of samples.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LevelName } from '../../../contract/rules.ts'
import { compileRules } from '../../../ingest/alarms/compile.ts'
import { decide } from '../../../ingest/alarms/engine.ts'
import { initialState, openAlarms } from '../../../ingest/alarms/state.ts'
import type { AlarmCore } from '../../../ingest/alarms/types.ts'
import { EPOCH, profileOf, rulesFor } from '../../stories/story.ts'

interface Sample {
  readonly ts: number
  readonly value: number
}

/** The alarm of one metric after samples in order of arrival; hub time stands still, so that only samples speak. */
function alarmAfter(
  kind: 'gas' | 'charger' | 'electricity',
  metric: string,
  samples: readonly Sample[],
): AlarmCore | undefined {
  const rules = compileRules(profileOf(kind), rulesFor(kind))
  let state = initialState(rules.profile, EPOCH)
  for (const [position, { ts, value }] of samples.entries()) {
    const input = { type: 'reading', position, ts: EPOCH + ts * 1000, receivedAt: EPOCH, quality: 'device' } as const
    state = decide(rules, state, { ...input, values: { [metric]: value } }, EPOCH).state
  }
  return openAlarms(state).find((alarm) => alarm.ruleId.startsWith(kind))
}

/** Samples of distinct times, in order, and as the network may deliver them: shuffled, some twice. */
function deliveries(value: fc.Arbitrary<number>) {
  return fc.uniqueArray(fc.nat({ max: 100_000 }), { minLength: 1, maxLength: 12 }).chain((times) =>
    fc.array(value, { minLength: times.length, maxLength: times.length }).chain((values) => {
      const samples = times.sort((a, b) => a - b).map((ts, i): Sample => ({ ts, value: values[i] ?? 0 }))
      return fc
        .array(fc.constantFrom(...samples), { maxLength: 8 })
        .chain((twice) => fc.shuffledSubarray([...samples, ...twice], { minLength: samples.length + twice.length }))
        .map((delivered) => ({ samples, delivered }))
    }),
  )
}

const gasLevel = (value: number): LevelName | undefined =>
  value >= 50 ? 'high' : value >= 25 ? 'alarm' : value >= 10 ? 'warn' : undefined

describe('order of samples', () => {
  it('a latching alarm does not depend on order or repetition: its level is that of the worst sample', () => {
    fc.assert(
      fc.property(deliveries(fc.integer({ min: 0, max: 100 })), ({ samples, delivered }) => {
        const worst = gasLevel(Math.max(...samples.map((s) => s.value)))
        expect(alarmAfter('gas', 'gas_lel', samples)?.level).toBe(worst)
        const alarm = alarmAfter('gas', 'gas_lel', delivered)
        expect([alarm?.level, alarm?.latched ?? true, alarm?.ack ?? null]).toEqual([worst, true, null])
      }),
      { numRuns: 300 },
    )
  })

  it('an alarm that does not latch is as the newest sample says', () => {
    const hours = 3600
    fc.assert(
      fc.property(deliveries(fc.constantFrom(1 * hours, 9 * hours, 11 * hours)), ({ samples, delivered }) => {
        const newest = samples.at(-1)?.value ?? 0
        const alarm = alarmAfter('charger', 'session_seconds', delivered)
        const level = newest >= 10 * hours ? 'alarm' : newest >= 8 * hours ? 'warn' : null
        expect(alarm?.condition === 'active' ? alarm.level : null).toBe(level)
      }),
      { numRuns: 300 },
    )
  })

  it('a latching level with an on-delay is never missed because samples came out of order', () => {
    fc.assert(
      fc.property(deliveries(fc.constantFrom(10, 350, 600)), ({ samples, delivered }) => {
        const inOrder = alarmAfter('electricity', 'residual_current', samples)
        const outOfOrder = alarmAfter('electricity', 'residual_current', delivered)
        // The last sample may still wait for its delay in one order and be late in the other: it may be told sooner.
        if (inOrder) expect(outOfOrder?.priority).toBeLessThanOrEqual(inOrder.priority)
      }),
      { numRuns: 300 },
    )
  })
})
