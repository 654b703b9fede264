// The limits that a device's rules set on a signal, as lines for its chart. Pure.
import type { Attributes } from '../../../../contract/http/devices.ts'
import type { Attribute } from '../../../../contract/kinds/kind.ts'
import type { Limit, Priority, Rule } from '../../../../contract/rules.ts'

export interface LimitOfSignal {
  readonly value: number
  readonly priority: Priority
}

type AttributeOf = (name: string) => string | number | boolean | undefined

/** A device's attribute, or the default of its kind. */
export const attributeLookup =
  (attributes: Attributes, known: readonly Attribute[]): AttributeOf =>
  (name) =>
    attributes[name] ?? known.find((attribute) => attribute.name === name)?.default

export function limitsOf(signal: string, rules: readonly Rule[], attributeOf: AttributeOf): LimitOfSignal[] {
  return rules.flatMap((rule) => {
    if (rule.type !== 'threshold' || rule.metric !== signal) return []
    const variant = rule.variants.find(({ when }) =>
      Object.entries(when ?? {}).every(([name, wanted]) => {
        const value = attributeOf(name)
        return wanted === '*' ? value !== undefined : value === wanted
      }),
    )
    return (variant?.levels ?? []).flatMap(({ limit, priority, optIn }) => {
      const value = optIn === true ? null : resolved(limit, attributeOf)
      return value === null ? [] : [{ value, priority }]
    })
  })
}

/** null when the device lacks the attribute: the level is then inactive. */
function resolved(limit: Limit, attributeOf: AttributeOf): number | null {
  if (typeof limit === 'number') return limit
  const value = attributeOf(limit.attribute)
  return typeof value === 'number' ? value * limit.factor : (limit.fallback ?? null)
}
