// Which managers hear of an alarm.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recipientsOf } from '../../records/alarm-routing.ts'
import type { ManagerOnDuty } from '../../records/alarm-routing.ts'

const HOUSE = { siteId: 'house', areaIds: ['county', 'town'] }
const at = (id: string, siteIds: string[], areaIds: string[] = [], enabled = true): ManagerOnDuty => ({
  id,
  enabled,
  scope: { all: false, siteIds, areaIds },
})
const WANG = at('wang', ['house'])
const LI = at('li', [], ['town'])
const ELSEWHERE = at('elsewhere', ['other'], ['other town'])
const ALL = [WANG, LI, ELSEWHERE]

describe('recipientsOf', () => {
  it('in a room where people live: their manager', () => {
    expect(recipientsOf(HOUSE, { managerId: 'li' }, ALL)).toEqual(['li'])
  })
  it('moved out, or in no room: the managers of the house', () => {
    expect(recipientsOf(HOUSE, null, ALL)).toEqual(['wang', 'li'])
  })
  it('a lease without a manager, or with one who is gone, disabled or has lost the house: the managers of the house', () => {
    expect(recipientsOf(HOUSE, { managerId: null }, ALL)).toEqual(['wang', 'li'])
    expect(recipientsOf(HOUSE, { managerId: 'gone' }, ALL)).toEqual(['wang', 'li'])
    expect(recipientsOf(HOUSE, { managerId: 'wang' }, [{ ...WANG, enabled: false }, LI])).toEqual(['li'])
    expect(recipientsOf(HOUSE, { managerId: 'elsewhere' }, ALL)).toEqual(['wang', 'li'])
  })
  it('G9: never somebody without the place, and never nobody while somebody has it', () => {
    const ids = fc.constantFrom('a', 'b', 'c', 'd')
    const manager = fc.record({
      id: ids,
      enabled: fc.boolean(),
      scope: fc.record({
        all: fc.constant(false as const),
        siteIds: fc.subarray(['house', 'other']),
        areaIds: fc.subarray(['town', 'other town']),
      }),
    })
    const managers = fc.uniqueArray(manager, { selector: ({ id }) => id })
    const lease = fc.option(fc.record({ managerId: fc.option(ids) }))
    fc.assert(
      fc.property(managers, lease, (all, current) => {
        const told = recipientsOf(HOUSE, current, all)
        const able = all.filter(
          ({ enabled, scope }) => enabled && (scope.siteIds.includes('house') || scope.areaIds.includes('town')),
        )
        expect(able.map(({ id }) => id)).toEqual(expect.arrayContaining(told))
        expect(told.length > 0).toBe(able.length > 0)
        expect(new Set(told).size).toBe(told.length)
      }),
    )
  })
})
