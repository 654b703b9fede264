// Every kind, its default rules, and constant-time lookups by name. Names come from devices: a Map knows no `constructor`.
import { access } from './access.ts'
import { camera } from './camera.ts'
import { charger } from './charger.ts'
import { deviceRules } from './device.ts'
import { electricity } from './electricity.ts'
import { gas } from './gas.ts'
import { gateway } from './gateway.ts'
import { HUB_RULES } from './hub.ts'
import { KIND_NAMES } from './kind.ts'
import { smoke } from './smoke.ts'
import { water } from './water.ts'
import type { Rule } from '../rules.ts'
import type { Attribute, Kind, KindCommand, KindEvent, KindName, Metric } from './kind.ts'

export { HUB_RULES }

export const KINDS = { electricity, gas, smoke, access, charger, water, gateway, camera } as const satisfies Record<
  KindName,
  Kind
>

interface Index {
  readonly metrics: ReadonlyMap<string, Metric>
  readonly events: ReadonlyMap<string, KindEvent>
  readonly commands: ReadonlyMap<string, KindCommand>
  readonly attributes: ReadonlyMap<string, Attribute>
  readonly rules: readonly Rule[]
}

const byName = <T extends { readonly name: string }>(list: readonly T[]) => new Map(list.map((x) => [x.name, x]))

const INDEX: ReadonlyMap<string, Index> = new Map(
  KIND_NAMES.map((name): [KindName, Index] => {
    const kind: Kind = KINDS[name]
    return [
      name,
      {
        metrics: byName(kind.metrics),
        events: byName(kind.events),
        commands: byName(kind.commands),
        attributes: byName(kind.attributes),
        rules: Object.freeze([...kind.rules, ...deviceRules(kind)]),
      },
    ]
  }),
)

/** The kind's own rules and `device.*` adapted to it. */
export function defaultRulesFor(kind: KindName): readonly Rule[] {
  return INDEX.get(kind)?.rules ?? []
}

export const metricOf = (kind: KindName, name: string): Metric | undefined => INDEX.get(kind)?.metrics.get(name)
export const eventOf = (kind: KindName, name: string): KindEvent | undefined => INDEX.get(kind)?.events.get(name)
export const commandOf = (kind: KindName, name: string): KindCommand | undefined => INDEX.get(kind)?.commands.get(name)
export const attributeOf = (kind: KindName, name: string): Attribute | undefined =>
  INDEX.get(kind)?.attributes.get(name)
