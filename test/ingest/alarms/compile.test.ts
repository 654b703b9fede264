import { describe, expect, it } from 'vitest'
import { KIND_NAMES } from '../../../contract/kinds/kind.ts'
import type { Attributes } from '../../../contract/http/devices.ts'
import type { KindName } from '../../../contract/kinds/kind.ts'
import { compileRules } from '../../../ingest/alarms/compile.ts'
import { profileOf, rulesFor } from '../../stories/story.ts'

const compile = (kind: KindName, attributes: Attributes = {}) =>
  compileRules(profileOf(kind, attributes), rulesFor(kind))

const limitsOf = (kind: KindName, metric: string, ruleId: string, attributes: Attributes = {}) =>
  compile(kind, attributes)
    .byMetric.get(metric)
    ?.find((limiter) => limiter.rule.id === ruleId)
    ?.levels.map((level) => [level.limit, level.grade.priority])

describe('compiling rules', () => {
  it('compiles every default rule of every kind, or says why it decides nothing', () => {
    for (const kind of KIND_NAMES) {
      const { byId, inactive } = compile(kind)
      for (const rule of rulesFor(kind)) {
        const planned = inactive.some((i) => i.ruleId === rule.id && i.why === 'planned')
        expect(byId.has(rule.id), rule.id).toBe(!planned)
      }
    }
  })

  it('chooses the variant by the attributes of the device, the first that matches', () => {
    const leakage = (attributes: Attributes) =>
      limitsOf('electricity', 'residual_current', 'electricity.residual_current', attributes)
    expect(leakage({})).toEqual([
      [200, 3],
      [300, 2],
      [500, 2],
    ])
    expect(leakage({ position: 'secondary' })).toEqual([
      [200, 3],
      [300, 2],
      [500, 2],
    ])
    expect(leakage({ position: 'final' })).toEqual([
      [100, 3],
      [300, 2],
    ])
    expect(leakage({ position: 'final', rcdMa: 30 })).toEqual([
      [24, 4],
      [30, 3],
    ])
  })

  it('computes limits from attributes, with a fallback where the rule has one', () => {
    const current = (attributes: Attributes) => limitsOf('electricity', 'current_a', 'electricity.current', attributes)
    expect(current({ ratedCurrentA: 40 })).toEqual([
      [32, 4],
      [40, 3],
      [50, 2],
    ])
    expect(limitsOf('water', 'water_pressure', 'water.water_pressure', { purpose: 'hydrant' })).toEqual([[0.14, 3]])
    expect(
      limitsOf('water', 'water_pressure', 'water.water_pressure', { purpose: 'hydrant', minPressureMpa: 0.2 }),
    ).toEqual([[0.2, 3]])
  })

  it('lists what cannot decide, and why: a rule must not look as if it watched', () => {
    const { inactive, byMetric } = compile('electricity')
    expect(inactive).toContainEqual({
      ruleId: 'electricity.current',
      why: 'attribute_missing',
      detail: 'ratedCurrentA',
    })
    expect(inactive.filter((i) => i.ruleId === 'electricity.current')).toHaveLength(1)
    expect(inactive).toContainEqual({ ruleId: 'electricity.phase_loss', why: 'opt_in', detail: 'alarm' })
    expect(inactive.find((i) => i.ruleId === 'electricity.temperature_rate')?.why).toBe('planned')
    expect(byMetric.has('current_a')).toBe(false)
    expect(compile('electricity', { ratedCurrentA: 63 }).inactive.map((i) => i.ruleId)).not.toContain(
      'electricity.current',
    )
  })

  it('says so when no variant fits or the metric is unknown', () => {
    const [leakage] = rulesFor('electricity')
    if (leakage?.type !== 'threshold') throw new Error('the first rule of electricity is its leakage')
    const lost = { ...leakage, metric: 'constructor' }
    expect(compileRules(profileOf('electricity'), [lost]).inactive).toEqual([
      { ruleId: leakage.id, why: 'no_metric', detail: 'constructor' },
    ])
    const nobody = { ...leakage, variants: leakage.variants.slice(0, 1) }
    expect(compileRules(profileOf('electricity'), [nobody]).inactive).toEqual([
      { ruleId: leakage.id, why: 'no_variant', detail: '' },
    ])
  })

  it('takes no attribute from the prototype of all objects', () => {
    const [leakage] = rulesFor('electricity')
    if (leakage?.type !== 'threshold') throw new Error('the first rule of electricity is its leakage')
    const trap = { ...leakage, variants: leakage.variants.map((v) => ({ ...v, when: { constructor: '*' } })) }
    expect(compileRules(profileOf('electricity'), [trap]).byMetric.size).toBe(0)
  })

  it('leaves a level by the larger of the absolute deadband and its share of the limit', () => {
    const limiter = compile('electricity').byMetric.get('residual_current')?.[0]
    expect(limiter?.levels.map((level) => level.inside)).toEqual([190, 285, 475])
  })

  it('compiles one list once for devices whose attributes answer alike', () => {
    const rules = rulesFor('gas')
    const one = compileRules(profileOf('gas', { maker: 'A' }), rules)
    const two = compileRules(profileOf('gas', { maker: 'B' }), rules)
    const three = compileRules(profileOf('gas', { reportEverySeconds: 10 }), rules)
    expect(two.byMetric).toBe(one.byMetric)
    expect(two.profile.attributes).toEqual({ maker: 'B' })
    expect(three.byMetric).not.toBe(one.byMetric)
    expect(three.statedInterval).toBe(10)
  })
})
