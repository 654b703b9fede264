// `hub.bridge`: one alarm a bridge, a minute after it was cut off, by its name; none for its devices, whose own silence speaks.
import { describe, expect, it } from 'vitest'
import { HUB_RULES } from '../../contract/kinds/table.ts'
import { bridgesNoLongerListed } from '../../hub/bridge-conditions.ts'
import { Conditions } from '../../hub/conditions.ts'
import { hubProfile } from '../../hub/own-device.ts'
import { Unheard } from '../../hub/unheard.ts'
import { compileRules } from '../../ingest/alarms/compile.ts'
import { decide, nextDeadline } from '../../ingest/alarms/engine.ts'
import { initialState } from '../../ingest/alarms/state.ts'
import type { Input } from '../../ingest/alarms/types.ts'

const MINUTE = 60_000

function hub() {
  const rules = compileRules(
    hubProfile(),
    HUB_RULES.map((rule) => ({ ...rule, kind: 'hub', version: 1 })),
  )
  let state = initialState(hubProfile(), 0)
  let now = 0
  const told: string[] = []
  const input = (given: Input): void => {
    const decision = decide(rules, state, given, now)
    state = decision.state
    for (const { type, alarm } of decision.transitions) told.push(`${type} ${alarm.ruleId} ${alarm.channel}`)
  }
  const conditions = new Conditions((ruleId, active, value, channel) =>
    input({ type: 'hub', ruleId, channel, active, value }),
  )
  return {
    told,
    conditions,
    get state() {
      return state
    },
    later(ms: number) {
      now += ms
      while ((nextDeadline(rules, state) ?? Infinity) <= now) input({ type: 'tick' })
    },
  }
}

describe('an external broker that is cut off', () => {
  it('is one alarm by its name, a minute later, and returns by itself', () => {
    const { told, conditions, later } = hub()
    conditions.set('hub.bridge', true, null, 'gas')
    conditions.set('hub.bridge', true, null, 'power')
    later(MINUTE / 2)
    conditions.set('hub.bridge', false, null, 'power')
    expect(told).toEqual([])
    later(MINUTE)
    expect(told).toEqual(['raised hub.bridge gas'])
    later(MINUTE)
    conditions.set('hub.bridge', true, null, 'gas')
    expect(told).toHaveLength(1)
    conditions.set('hub.bridge', false, null, 'gas')
    expect(told).toEqual(['raised hub.bridge gas', 'returned hub.bridge gas'])
  })

  it('is not alarmed about any more when it is no longer listed', () => {
    const self = hub()
    self.conditions.set('hub.bridge', true, null, 'gas')
    self.later(MINUTE)
    expect(bridgesNoLongerListed([{ name: 'gas' }], self.state)).toEqual([])
    expect(bridgesNoLongerListed([{ name: 'power' }], self.state)).toEqual(['gas'])
    for (const name of bridgesNoLongerListed([], self.state)) self.conditions.set('hub.bridge', false, null, name)
    expect(self.told.at(-1)).toBe('returned hub.bridge gas')
  })

  it('is called by its name where an alarm says its place, and belongs to no area', () => {
    const placement = new Unheard({ get: () => undefined }, []).placeOf('gas')
    expect(placement).toMatchObject({ place: ['gas'], areaIds: [], siteId: null })
  })
})
