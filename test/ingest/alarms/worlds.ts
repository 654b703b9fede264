// Arbitrary lives of devices, for properties: everything that can pass the door, in any order.
import * as fc from 'fast-check'
import type { Act } from '../../../contract/alarms.ts'
import type { Attributes } from '../../../contract/http/devices.ts'
import { KINDS } from '../../../contract/kinds/table.ts'
import type { Kind, KindName } from '../../../contract/kinds/kind.ts'
import { compileRules } from '../../../ingest/alarms/compile.ts'
import { decide, decideSuppression } from '../../../ingest/alarms/engine.ts'
import { initialState, openAlarms, parseState } from '../../../ingest/alarms/state.ts'
import type {
  CompiledRules,
  DeviceState,
  EngineTransition,
  Input,
  SuppressionInput,
} from '../../../ingest/alarms/types.ts'
import { EPOCH, profileOf, rulesFor } from '../../stories/story.ts'

export const DEVICES: readonly { kind: KindName; attributes: Attributes }[] = [
  { kind: 'gas', attributes: {} },
  { kind: 'smoke', attributes: {} },
  { kind: 'electricity', attributes: { phases: 3, ratedCurrentA: 63, powerLimitW: 2000, critical: true } },
  { kind: 'electricity', attributes: { position: 'final', rcdMa: 30, reportEverySeconds: 30 } },
  { kind: 'access', attributes: { heldAfterSeconds: 20 } },
  { kind: 'charger', attributes: {} },
  { kind: 'water', attributes: { minPressureMpa: 0.2, power: 'mains' } },
  { kind: 'gateway', attributes: {} },
]

/** Names that are properties of every object. */
export const TREACHEROUS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'valueOf']

/** An act or a suppression needs an alarm: chosen when it is known which are open. */
export type Move =
  | { readonly move: 'input'; readonly input: Input }
  | {
      readonly move: 'act'
      readonly name: 'ack' | 'town_ack' | 'reset' | 'comment' | 'verdict' | 'field_verified'
      readonly pick: number
    }
  | {
      readonly move: 'suppress'
      readonly what: SuppressionInput['type']
      readonly pick: number
      readonly once: boolean
    }

export interface Turn {
  readonly after: number
  readonly move: Move
}

const seconds = (max: number) => fc.nat({ max }).map((n) => n * 1000)
const PERSON = { id: 'u1', name: '值班员' }

function valuesOf(kind: Kind) {
  const known = kind.metrics.map((m) =>
    fc.tuple(fc.constant(m.name), m.binary ? fc.nat({ max: 1 }) : fc.double({ min: m.min, max: m.max, noNaN: true })),
  )
  const treacherous = fc.tuple(fc.constantFrom(...TREACHEROUS), fc.double())
  return fc.array(fc.oneof({ weight: 12, arbitrary: fc.oneof(...known) }, { weight: 1, arbitrary: treacherous }), {
    maxLength: 8,
  })
}

/** As JSON.parse makes it: `__proto__` is a key like any other. */
const record = <T>(entries: readonly (readonly [string, T])[]): Record<string, T> =>
  JSON.parse(`{${entries.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(',')}}`) as Record<string, T>

const data = fc
  .array(
    fc.tuple(
      fc.constantFrom('channel', 'part', 'value', 'ok', 'by', 'cause', ...TREACHEROUS),
      fc.oneof(
        fc.constantFrom<unknown>('a', 'b', 'n', 'sensor', 'valve', 'hub', 'local', true, false, null),
        fc.double(),
        fc.string({ maxLength: 8 }),
        fc.constant({ a: [1] }),
      ),
    ),
    { maxLength: 3 },
  )
  .map(record)

function inputOf(kind: Kind): fc.Arbitrary<Input> {
  const stored = fc.record({
    position: fc.constant(0),
    // Sample times around the moment: mostly now, often late, sometimes ahead; made absolute when they are told.
    ts: fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      { weight: 2, arbitrary: fc.integer({ min: -900_000, max: 60_000 }) },
    ),
    receivedAt: fc.constant(0),
    quality: fc.constantFrom('device' as const, 'received' as const, 'suspect' as const),
  })
  const names = [...kind.events.map((event) => event.name), ...TREACHEROUS]
  const metricNames = fc.constantFrom(...kind.metrics.map((m) => m.name), ...TREACHEROUS)
  const reading = fc
    .tuple(stored, valuesOf(kind), fc.array(metricNames, { maxLength: 2 }))
    .map(([s, values, badMetrics]): Input => ({ ...s, type: 'reading', values: record(values), badMetrics }))
  const event = fc
    .tuple(stored, fc.constantFrom(...names), data)
    .map(([s, name, d]): Input => ({ ...s, type: 'event', name, data: d }))
  const status = fc
    .tuple(stored, fc.boolean(), fc.boolean())
    .map(([s, online, will]): Input => ({ ...s, type: 'status', online, will: will && !online }))
  const rest = fc.oneof(
    fc.constant<Input>({ type: 'moved' }),
    fc.boolean().map((connected): Input => ({ type: 'connection', connected })),
    fc.nat({ max: 5 }).map((count): Input => ({ type: 'rejected', count })),
    fc.double().map((by): Input => ({ type: 'clock_ahead', by })),
    fc.constantFrom<Input>({ type: 'tick' }, { type: 'resumed' }, { type: 'replaced' }),
    fc.constantFrom<Input>({ type: 'lifecycle', to: 'in_service' }),
    fc
      .tuple(fc.constantFrom('hub.disk', 'hub.store', 'gas.gas_lel', 'constructor'), fc.boolean())
      .map(([ruleId, active]): Input => ({ type: 'hub', ruleId, channel: '', active, value: null })),
  )
  return fc.oneof(
    { weight: 6, arbitrary: reading },
    { weight: 5, arbitrary: event },
    { weight: 1, arbitrary: status },
    { weight: 3, arbitrary: rest },
  )
}

const acts = fc
  .tuple(fc.constantFrom('ack', 'town_ack', 'reset', 'comment', 'verdict', 'field_verified'), fc.nat())
  .map(([name, pick]): Move => ({ move: 'act', name, pick }))

const suppressions = fc
  .tuple(
    fc.constantFrom<SuppressionInput['type']>(
      'shelve',
      'unshelve',
      'suppress',
      'unsuppress',
      'take_out_of_service',
      'put_in_service',
    ),
    fc.nat(),
    fc.boolean(),
  )
  .map(([what, pick, once]): Move => ({ move: 'suppress', what, pick, once }))

export interface World {
  readonly device: (typeof DEVICES)[number]
  readonly turns: readonly Turn[]
}

/** A life. `waits`: seconds between two turns are at most this. */
export function worlds({ maxLength = 40, waits = 400 } = {}): fc.Arbitrary<World> {
  return fc.constantFrom(...DEVICES).chain((device) =>
    fc
      .array(
        fc.record({
          after: fc.oneof({ weight: 4, arbitrary: seconds(90) }, { weight: 1, arbitrary: seconds(waits) }),
          move: fc.oneof(
            { weight: 8, arbitrary: inputOf(KINDS[device.kind]).map((input): Move => ({ move: 'input', input })) },
            { weight: 2, arbitrary: acts },
            { weight: 1, arbitrary: suppressions },
          ),
        }),
        { maxLength },
      )
      .map((turns) => ({ device, turns })),
  )
}

/** Makes every further change of the state an error. */
export function freezeDeep<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const part of Object.values(value)) freezeDeep(part)
  return Object.freeze(value)
}

export class Life {
  readonly rules: CompiledRules
  readonly transitions: EngineTransition[] = []
  state: DeviceState
  now = EPOCH
  position = 0

  constructor({ kind, attributes }: World['device']) {
    this.rules = compileRules(profileOf(kind, attributes), rulesFor(kind))
    this.state = freezeDeep(initialState(this.rules.profile, EPOCH))
  }

  live(turns: readonly Turn[]): this {
    for (const turn of turns) this.turn(turn)
    return this
  }

  turn({ after, move }: Turn): readonly EngineTransition[] {
    this.now += after
    return this.take(move)
  }

  /** The input as it is told at this moment. */
  told(input: Input): Input {
    if (!('position' in input)) return input
    this.position += 1
    return { ...input, position: this.position, ts: this.now + input.ts, receivedAt: this.now }
  }

  decide(input: Input): readonly EngineTransition[] {
    const { state, transitions } = decide(this.rules, this.state, input, this.now)
    return this.keep(state, transitions)
  }

  private take(move: Move): readonly EngineTransition[] {
    if (move.move === 'input') return this.decide(this.told(move.input))
    const open = openAlarms(this.state)
    const alarm = open[move.pick % Math.max(open.length, 1)]
    const alarmId = alarm?.id ?? 'nobody-1'
    if (move.move === 'act') {
      const answer = { alarmId, seq: null, by: PERSON, reason: 'seen', comment: null }
      return this.decide({ type: 'act', act: actOf(move.name, answer) })
    }
    const input = this.suppression(move, alarmId, alarm && { ruleId: alarm.ruleId, channel: alarm.channel })
    const { state, transitions } = decideSuppression(this.rules, this.state, input, this.now)
    return this.keep(state, transitions)
  }

  private suppression(
    { what, once }: Extract<Move, { move: 'suppress' }>,
    alarmId: string,
    target: { ruleId: string; channel: string } | undefined,
  ): SuppressionInput {
    const until = once ? null : this.now + 120_000
    switch (what) {
      case 'shelve':
        return { type: what, alarmId, by: PERSON, reason: '检修', until }
      case 'unshelve':
        return { type: what, alarmId, by: PERSON }
      case 'suppress':
      case 'take_out_of_service':
        return { type: what, target: target ?? null, by: PERSON, reason: '检修', until }
      case 'unsuppress':
      case 'put_in_service':
        return { type: what, target: target ?? null, by: PERSON }
    }
  }

  private keep(state: DeviceState, transitions: readonly EngineTransition[]): readonly EngineTransition[] {
    this.state = freezeDeep(parseState(JSON.stringify(state)))
    this.transitions.push(...transitions)
    return transitions
  }
}

type ActMove = Extract<Move, { move: 'act' }>['name']

function actOf(name: ActMove, answer: Pick<Act, 'alarmId' | 'seq' | 'by' | 'reason' | 'comment'>): Act {
  switch (name) {
    case 'verdict':
      return { ...answer, name, verdict: 'real', cause: null }
    case 'ack':
      return { ...answer, name, level: 'county' }
    case 'town_ack':
      return { ...answer, name: 'ack', level: 'town' }
    default:
      return { ...answer, name }
  }
}
