// The default rules against the specification's figures, written down a second time, and against the kinds they belong to.
import { describe, expect, it } from 'vitest'
import { KIND_NAMES, signalOf } from '../../contract/kinds/kind.ts'
import { HUB_RULES, KINDS, attributeOf, defaultRulesFor, eventOf } from '../../contract/kinds/table.ts'
import { LEVEL_NAMES, ruleSchema } from '../../contract/rules.ts'
import type { Kind, KindName } from '../../contract/kinds/kind.ts'
import type { Limit, Rule, ThresholdRule } from '../../contract/rules.ts'
import { REGIME_NAMES, SITE_REGIME } from '../../contract/site-profile.ts'

/**
 * A line a variant: condition ; levels `limit→priority@on-delay`, `L` latched, `?` opt-in ; deadband ; off-delay. A limit
 * is a number or `factor×attribute|fallback`.
 */
const THRESHOLDS: Record<string, { direction: 'high' | 'low'; variants: string[]; also: string[] }> = {
  'electricity.residual_current': {
    direction: 'high',
    variants: [
      'position=final,rcdMa=* ; 0.8×rcdMa→4@30 1×rcdMa→3@5 ; 3 ; 60',
      'position=final ; 100→3@30 300→2@5L ; 10 ; 60',
      '; 200→3@30 300→2@5L 500→2@5L ; 10|0.05 ; 60',
    ],
    also: ['residual_current_alarm→2L=alarm'],
  },
  'electricity.temperature': {
    direction: 'high',
    variants: ['insulation=xlpe ; 80→3@30 90→2@10L 120→1@10L ; 2 ; 120', '; 60→3@30 70→2@10L 90→1@10L ; 2 ; 120'],
    also: ['over_temperature→2L=alarm'],
  },
  'electricity.voltage_high': {
    direction: 'high',
    variants: ['; 235.4→4@600 250→3@10 264→2@3 ; 2 ; 60'],
    also: ['over_voltage→3=alarm'],
  },
  'electricity.voltage_low': {
    direction: 'low',
    variants: ['; 198→4@600 187→3@10 160→3@10 ; 2 ; 60'],
    also: ['under_voltage→3=alarm'],
  },
  'electricity.phase_loss': {
    direction: 'low',
    variants: ['phases=3 ; 132→2@5 ; 0 ; 60', '; 132→2@5? ; 0 ; 60'],
    also: ['phase_loss→2=alarm'],
  },
  'electricity.current': {
    direction: 'high',
    variants: ['; 0.8×ratedCurrentA→4@60 1×ratedCurrentA→3@30 1.25×ratedCurrentA→2@5 ; 0|0.05 ; 60'],
    also: ['over_current→3=alarm'],
  },
  'electricity.not_off': {
    direction: 'high',
    variants: ['site.regime=suspended ; 0.5→2@60 ; 0.1 ; 60', 'site.regime=power_cut_ordered ; 0.5→2@60 ; 0.1 ; 60'],
    also: [],
  },
  'electricity.power': {
    direction: 'high',
    variants: ['; 0.9×powerLimitW→4@60 1×powerLimitW→3@60 ; 0|0.05 ; 60'],
    also: [],
  },
  'gas.gas_lel': {
    direction: 'high',
    variants: ['; 5→4@0? 10→2@0L 25→1@0L 50→1@0L ; 2 ; 60'],
    also: ['gas_low→2L=warn', 'gas_high→1L=alarm'],
  },
  'gas.co_ppm': {
    direction: 'high',
    variants: ['; 50→2@300L 100→1@60L 300→1@0L ; 5 ; 60'],
    also: ['co_alarm→1L=alarm'],
  },
  'smoke.smoke': { direction: 'high', variants: ['; 1→1@0L ; 0 ; 60'], also: ['smoke_alarm→1L=alarm'] },
  'smoke.smoke_contamination': {
    direction: 'high',
    variants: ['; 80→4@86400 ; 5 ; 86400'],
    also: ['contaminated→4=warn'],
  },
  'access.door_open': {
    direction: 'high',
    variants: ['; 1→4@120(heldAfterSeconds) 1→3@600 ; 0 ; 5'],
    also: ['door_held→4=warn'],
  },
  'charger.session_seconds': { direction: 'high', variants: ['; 28800→4@0 36000→3@0 ; 0 ; 0'], also: [] },
  'charger.power': { direction: 'high', variants: ['; 400→4@30 800→3@10 ; 20 ; 30'], also: ['over_power→3=alarm'] },
  'charger.temperature': {
    direction: 'high',
    variants: ['; 60→3@10 70→2@10L 80→1@10L ; 2 ; 120'],
    also: ['over_temperature→2L=alarm'],
  },
  'charger.residual_current': { direction: 'high', variants: ['; 30→2@0L ; 3 ; 60'], also: [] },
  'charger.smoke': { direction: 'high', variants: ['; 1→1@0L ; 0 ; 60'], also: ['smoke_alarm→1L=alarm'] },
  'water.water_leak': { direction: 'high', variants: ['; 1→3@0 ; 0 ; 60'], also: ['water_leak_alarm→3=alarm'] },
  'water.water_pressure': {
    direction: 'low',
    variants: [
      'purpose=hydrant ; 1×minPressureMpa|0.14→3@60 ; 0.01 ; 60',
      'purpose=indoor_hydrant ; 1×minPressureMpa|0.07→3@60 ; 0.01 ; 60',
      '; 1×minPressureMpa→3@60 ; 0.01 ; 60',
    ],
    also: [],
  },
  'water.water_level_low': { direction: 'low', variants: ['; 1×levelLowM→3@60 ; 0.05 ; 60'], also: [] },
  'water.water_level_high': { direction: 'high', variants: ['; 1×levelHighM→3@60 ; 0.05 ; 60'], also: [] },
}

/**
 * mode, raising events with priority (`◇` = returns at once inside a pair rule), off-delay, `L` latched; then so many of
 * an event within seconds, and the alarms (from a priority on) within seconds at the site that make it worse.
 */
const EVENT_RULES: Record<string, string> = {
  'electricity.arc_fault': [
    'momentary arc_fault→2 / 0L ; 3×arc_fault in 600→1 ; ',
    'smoke.smoke≤1 smoke.heat_alarm≤1 charger.smoke≤1 electricity.temperature≤2 charger.temperature≤2 in 300→1',
  ].join(''),
  'electricity.breaker_tripped':
    'pair breaker_tripped[critical=true]→2 breaker_tripped→3 short_circuit[critical=true]→2◇ short_circuit→3◇ / 0' +
    ' ; 2×breaker_tripped(cause=residual)[position=final,rcdMa=*] in 86400→2',
  'smoke.heat_alarm': 'pair heat_alarm→1 / 60L',
  'access.door_forced': 'pair door_forced→3 / 30L',
  'access.duress': 'momentary duress→2 / 0L',
  'charger.float': 'pair float_charging→4 / 0',
  'charger.short_circuit': 'momentary short_circuit→3 / 0',
  'water.hydrant_opened': 'momentary hydrant_opened→3 / 0',
  'camera.video_lost': 'pair video_lost→4 / 0',
}

const CAUSE_PERSON = [
  'electricity.current',
  'electricity.not_off',
  'electricity.power',
  'access.door_open',
  'access.door_forced',
  'access.duress',
  'access.denied_burst',
  'charger.session_seconds',
  'charger.power',
  'device.tamper',
  'device.setting_changed',
  'water.hydrant_opened',
]

const PLANNED = [
  'access.denied_burst',
  'charger.float_limit',
  'device.flatline',
  'electricity.temperature_rate',
  'electricity.unbalance',
]

const everyKind = KIND_NAMES.map((name) => ({ kind: KINDS[name] as Kind, rules: defaultRulesFor(name) }))
const ownRules = everyKind.flatMap(({ kind }) => kind.rules)
const everyRule = [...everyKind.flatMap(({ rules }) => rules), ...HUB_RULES]

const limitText = (limit: Limit) =>
  typeof limit === 'number'
    ? `${limit}`
    : `${limit.factor}×${limit.attribute}${limit.fallback === undefined ? '' : `|${limit.fallback}`}`

const conditionText = (when: Readonly<Record<string, unknown>> = {}) =>
  Object.entries(when)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(',')

function variantText({ when, levels, deadband, offDelay }: ThresholdRule['variants'][number]): string {
  const levelTexts = levels.map(
    (l) =>
      `${limitText(l.limit)}→${l.priority}@${l.onDelay}` +
      (l.onDelayAttribute === undefined ? '' : `(${l.onDelayAttribute})`) +
      (l.latch ? 'L' : '') +
      (l.optIn ? '?' : ''),
  )
  const band = `${deadband.absolute}${deadband.fraction === undefined ? '' : `|${deadband.fraction}`}`
  return `${conditionText(when)} ; ${levelTexts.join(' ')} ; ${band} ; ${offDelay}`.trim()
}

const find = (kind: KindName, id: string): Rule => {
  const rule = defaultRulesFor(kind).find((r) => r.id === id)
  if (rule === undefined) throw new Error(`${kind} has no rule ${id}`)
  return rule
}

describe('figures of the default rules', () => {
  it('threshold rules have the limits, priorities, delays and latches of the specification', () => {
    const written = ownRules.flatMap((rule) =>
      rule.type !== 'threshold'
        ? []
        : [
            [
              rule.id,
              {
                direction: rule.direction,
                variants: rule.variants.map(variantText),
                also: rule.also.map((a) => `${a.event}→${a.priority}${a.latch ? 'L' : ''}=${a.level}`),
              },
            ] as const,
          ],
    )
    expect(Object.fromEntries(written)).toEqual(THRESHOLDS)
  })

  it('event rules have the priorities, delays and latches of the specification', () => {
    const written = ownRules.flatMap((rule) => {
      if (rule.type !== 'event') return []
      const raises = rule.raises.map(
        (r) =>
          `${r.event}${r.when === undefined ? '' : `[${conditionText(r.when)}]`}→${r.priority}${r.momentary ? '◇' : ''}`,
      )
      const repeats = (rule.repeats ?? []).map(
        (r) =>
          ` ; ${r.atLeast}×${r.event}${r.data ? `(${conditionText(r.data)})` : ''}` +
          `${r.when ? `[${conditionText(r.when)}]` : ''} in ${r.window}→${r.priority}`,
      )
      const by = rule.corroboration?.by.map(({ ruleId, priority }) => `${ruleId}≤${priority}`).join(' ')
      const together = rule.corroboration
        ? ` ; ${by} in ${rule.corroboration.within}→${rule.corroboration.priority}`
        : ''
      const base = `${rule.mode} ${raises.join(' ')} / ${rule.offDelay}${rule.latch ? 'L' : ''}`
      return [[rule.id, base + repeats.join('') + together] as const]
    })
    expect(Object.fromEntries(written)).toEqual(EVENT_RULES)
  })

  it('lists what waits for its rule kind, and nothing else', () => {
    expect([...new Set(everyRule.filter((r) => r.type === 'planned').map((r) => r.id))].sort()).toEqual(PLANNED)
  })

  it('blames a person only where the specification does', () => {
    expect([...new Set(everyRule.filter((r) => r.cause === 'behaviour').map((r) => r.id))].sort()).toEqual(
      [...CAUSE_PERSON].sort(),
    )
  })

  it('raises hub rules after a minute, what was waited for already at once', () => {
    expect(HUB_RULES.map(({ id, priority, onDelay }) => [id, priority, onDelay])).toEqual([
      ['hub.no_desk', 2, 60],
      ['hub.disk', 3, 60],
      ['hub.store', 1, 60],
      ['hub.bridge', 2, 60],
      ['hub.unheard', 4, 0],
    ])
  })
})

describe('device rules adapted to the kind', () => {
  const silence = (kind: KindName) => {
    const rule = find(kind, 'device.silent')
    if (rule.type !== 'silence') throw new Error('not a silence rule')
    return rule
  }
  const steps = (kind: KindName) =>
    silence(kind).variants.map(({ when, levels }) => [
      conditionText(when),
      ...levels.map((l) => `${l.intervals}×,${l.atLeast}+${l.grace}→${l.priority}`),
    ])
  const MAINS = ['3×,90+60→4', '1.1×,86400+0→3']
  const SERIOUS = ['3×,90+60→4', '3×,600+0→3', '1.1×,86400+0→3']
  const BATTERY = ['0×,93600+0→4', '0×,176400+0→3']

  it.each([
    [
      'electricity',
      [
        ['power=battery', ...BATTERY],
        ['', ...MAINS],
      ],
    ],
    [
      'access',
      [
        ['power=battery', ...BATTERY],
        ['', ...MAINS],
      ],
    ],
    [
      'charger',
      [
        ['power=battery', ...BATTERY],
        ['', ...MAINS],
      ],
    ],
    [
      'gas',
      [
        ['power=battery', ...BATTERY],
        ['', ...SERIOUS],
      ],
    ],
    [
      'gateway',
      [
        ['power=battery', ...BATTERY],
        ['', ...SERIOUS],
      ],
    ],
    [
      'smoke',
      [
        ['power=mains', ...SERIOUS],
        ['', ...BATTERY],
      ],
    ],
    [
      'water',
      [
        ['power=mains', ...MAINS],
        ['', ...BATTERY],
      ],
    ],
  ] as const)('%s falls silent after the right time', (kind, expected) => {
    expect(steps(kind)).toEqual(expected)
  })

  it('words lost mains as 停电 within the same alarm, P3 on a gateway', () => {
    expect(silence('gateway').also).toMatchObject([{ event: 'mains_lost', priority: 3, returnedBy: 'mains_restored' }])
    expect(silence('electricity').also).toMatchObject([{ event: 'mains_lost', priority: 4, title: { zh: '停电' } }])
  })

  it.each([
    ['electricity', 3, 4],
    ['gas', 3, 3],
    ['smoke', 3, 3],
    ['access', 4, 4],
    ['charger', 4, 4],
    ['water', 4, 4],
    ['gateway', 4, 4],
  ] as const)('%s: fault P%i, low battery P%i', (kind, faultPriority, batteryPriority) => {
    const fault = find(kind, 'device.fault')
    expect(fault.type === 'event' && fault.raises.map((r) => r.priority)).toEqual([faultPriority, faultPriority])
    const battery = find(kind, 'device.battery')
    if (battery.type !== 'threshold') throw new Error('not a threshold rule')
    expect(battery.direction).toBe('low')
    expect(battery.variants.map(variantText)).toEqual([`; 20→4@86400 10→${batteryPriority}@86400 ; 3 ; 86400`])
    expect(battery.also).toMatchObject([{ event: 'battery_low', priority: batteryPriority, returnedBy: 'battery_ok' }])
  })

  it('a failed self-test is a fault until one passes', () => {
    const rule = find('gas', 'device.fault')
    expect(rule.type === 'event' && rule.raises[1]).toEqual({
      event: 'self_test',
      data: { ok: false },
      priority: 3,
      returnedBy: { event: 'self_test', data: { ok: true } },
    })
  })

  it('manual alarms are urgent and latched, end of life stays until replaced, a change not made by the hub weighs more', () => {
    expect(find('access', 'device.manual_alarm')).toMatchObject({ raises: [{ priority: 1 }], latch: true })
    expect(find('gas', 'device.end_of_life')).toMatchObject({ raises: [{ priority: 3 }], latch: true })
    expect(find('gas', 'device.tamper')).toMatchObject({ raises: [{ priority: 3 }], latch: false })
    expect(find('gas', 'device.setting_changed')).toMatchObject({
      raises: [{ data: { by: 'hub' }, priority: 4 }, { priority: 3 }],
      latch: false,
    })
  })

  it('counts what devices do too often', () => {
    const counts = defaultRulesFor('water').flatMap((r) =>
      r.type === 'count' ? [[r.id, r.counts, r.atLeast, r.window, r.offDelay, r.priority]] : [],
    )
    expect(counts).toEqual([
      ['device.clock', 'clock_ahead', 3, 0, 600, 4],
      ['device.data', 'rejections', 3, 600, 1800, 4],
      ['device.flapping', 'disconnects', 3, 1800, 1800, 4],
    ])
  })

  it('a camera is judged by its own event and by what can be wrong in any message', () => {
    expect(defaultRulesFor('camera').map((r) => r.id)).toEqual(['camera.video_lost', 'device.clock', 'device.data'])
  })
})

/** Every event a rule listens to, once a rule. */
function listensTo(rule: Rule): string[] {
  if (rule.type === 'threshold') return rule.also.map((a) => a.event)
  if (rule.type === 'silence') return (rule.also ?? []).map((a) => a.event)
  if (rule.type === 'event') return [...new Set(rule.raises.map((r) => r.event))]
  return []
}

describe.each(everyKind)('rules of $kind.name', ({ kind, rules }) => {
  it('parse, have unique ids, and are named after their owner', () => {
    for (const rule of rules) expect(ruleSchema.parse(rule)).toEqual(rule)
    expect(new Set(rules.map((r) => r.id)).size).toBe(rules.length)
    for (const rule of kind.rules) expect(rule.id.startsWith(`${kind.name}.`)).toBe(true)
    for (const rule of rules.slice(kind.rules.length)) expect(rule.id.startsWith('device.')).toBe(true)
  })

  it('every event that tells of a danger feeds exactly one rule; what is only logged feeds none', () => {
    for (const event of kind.events) {
      const fed = rules.filter((rule) => listensTo(rule).includes(event.name)).map((rule) => rule.id)
      // A self-test is logged; one that failed is a fault.
      const expected = event.role === 'raise' || event.role === 'momentary' ? 1 : event.name === 'self_test' ? 1 : 0
      expect(fed, event.name).toHaveLength(expected)
    }
  })

  it('nothing is raised that can never return', () => {
    for (const rule of rules) {
      if (rule.type === 'event') {
        const returning = rule.returns.map((name) => eventOf(kind.name, name))
        for (const event of returning) expect(event?.role).toBe('return')
        for (const raise of rule.raises) {
          const event = eventOf(kind.name, raise.event)
          if (rule.mode === 'momentary') expect(event?.role).toBe('momentary')
          else if (raise.returnedBy !== undefined) expect(eventOf(kind.name, raise.returnedBy.event)).toBeDefined()
          else if (raise.momentary) expect(event?.role).toBe('momentary')
          else expect(returning.map((r) => r?.of)).toContain(raise.event)
          for (const key of Object.keys(raise.data ?? {})) expect(event?.data).toContain(key)
        }
        expect(rule.returns.length > 0).toBe(rule.mode === 'pair')
        // The entry without conditions is the last of its event.
        for (const name of new Set(rule.raises.map((r) => r.event))) {
          const open = rule.raises.filter((r) => r.event === name).map((r) => !r.when && !r.data)
          expect(open.indexOf(true)).toBe(name === 'self_test' ? -1 : open.length - 1)
        }
      }
      if (rule.type === 'threshold' || rule.type === 'silence') {
        for (const { event, returnedBy } of rule.also ?? []) {
          expect(eventOf(kind.name, event)?.role).toBe('raise')
          expect(eventOf(kind.name, returnedBy ?? `${event}_cleared`)).toMatchObject({ role: 'return', of: event })
        }
      }
    }
  })

  it('read metrics and attributes that the kind has', () => {
    const signals = new Map<string, string[]>()
    for (const { name } of kind.metrics) {
      const { signal, channel } = signalOf(name)
      signals.set(signal, [...(signals.get(signal) ?? []), channel])
    }
    const conditions = (when: Readonly<Record<string, unknown>> = {}) => {
      for (const [name, value] of Object.entries(when)) {
        if (name === SITE_REGIME) {
          expect(REGIME_NAMES).toContain(value)
          continue
        }
        const type = attributeOf(kind.name, name)?.type
        expect(type, name).toBeDefined()
        if (typeof type === 'object') expect(type.oneOf).toContain(value)
        else if (value !== '*') expect(typeof value).toBe(type)
      }
    }
    for (const rule of rules) {
      if (rule.type === 'event') rule.raises.forEach((raise) => conditions(raise.when))
      if (rule.type !== 'threshold' && rule.type !== 'silence') continue
      rule.variants.forEach(({ when }) => conditions(when))
      if (rule.type !== 'threshold') continue
      expect(signals.has(rule.metric), rule.metric).toBe(true)
      expect(rule.signal).toBe(rule.metric)
      for (const channel of rule.channels ?? []) expect(signals.get(rule.metric)).toContain(channel)
      for (const { limit, onDelayAttribute } of rule.variants.flatMap((v) => v.levels)) {
        if (typeof limit === 'object') expect(attributeOf(kind.name, limit.attribute)?.type).toBe('number')
        if (onDelayAttribute !== undefined) expect(attributeOf(kind.name, onDelayAttribute)?.type).toBe('number')
      }
    }
  })

  it('have one base variant, at the end', () => {
    for (const rule of rules) {
      if (rule.type !== 'threshold' && rule.type !== 'silence') continue
      // What is only for sites under certain regimes has none for the others.
      if (rule.variants.every(({ when }) => Object.hasOwn(when ?? {}, SITE_REGIME))) continue
      expect(rule.variants.map((v) => v.when === undefined).indexOf(true)).toBe(rule.variants.length - 1)
    }
  })

  it('list levels from mild to severe: harder to reach, never less urgent, latched from some level on', () => {
    for (const rule of rules) {
      if (rule.type !== 'threshold') continue
      for (const { levels } of rule.variants) {
        for (const [mild, severe] of levels.slice(1).map((l, i) => [levels[i]!, l] as const)) {
          const grows = rule.direction === 'high' ? 1 : -1
          const size = ({ limit }: typeof mild) => (typeof limit === 'number' ? limit : limit.factor)
          const step = grows * (size(severe) - size(mild))
          expect(step > 0 || (step === 0 && severe.onDelay > mild.onDelay), rule.id).toBe(true)
          expect(severe.priority).toBeLessThanOrEqual(mild.priority)
          expect(LEVEL_NAMES.indexOf(severe.name)).toBeGreaterThan(LEVEL_NAMES.indexOf(mild.name))
          expect(Number(severe.latch)).toBeGreaterThanOrEqual(Number(mild.latch))
        }
      }
    }
  })

  it('never latch what needs no acknowledgement', () => {
    for (const rule of rules) {
      if (rule.type === 'threshold') {
        for (const l of [...rule.variants.flatMap((v) => v.levels), ...rule.also])
          if (l.latch) expect(l.priority).toBeLessThan(4)
      }
      if (rule.type === 'event' && rule.latch) for (const r of rule.raises) expect(r.priority).toBeLessThan(4)
    }
  })
})

describe('words and sources', () => {
  it('speak the language of the trade', () => {
    const texts = [
      ...everyRule.map((r) => r.title),
      ...everyKind.flatMap(({ kind }) =>
        [...kind.metrics, ...kind.events, ...kind.commands, ...kind.attributes].map((x) => x.label),
      ),
    ]
    for (const { zh, en } of texts) {
      expect(zh).not.toMatch(/告警|预警|警报|重置/)
      expect(zh).not.toBe('')
      expect(en).not.toMatch(/\p{Script=Han}/u)
    }
  })

  it('claim a primary text only for the one that was read, and say which figures are its own', () => {
    for (const { id, provenance } of everyRule) {
      if (provenance.mark === 'P') expect(provenance.standard, id).toBe('GB/T 45839-2025')
      if (provenance.mark === 'REC') expect(provenance.standard, id).toBeUndefined()
      else expect(provenance.note, id).toBeDefined()
    }
  })

  it('nothing that saves lives waits', () => {
    const immediate = ['gas.gas_lel', 'smoke.smoke', 'charger.smoke', 'charger.residual_current', 'water.water_leak']
    for (const rule of everyRule) {
      if (rule.type !== 'threshold' || !immediate.includes(rule.id)) continue
      for (const { onDelay } of rule.variants.flatMap((v) => v.levels)) expect(onDelay, rule.id).toBe(0)
    }
  })
})
