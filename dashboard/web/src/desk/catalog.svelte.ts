// What the default rules and kinds say beyond what an alarm carries: direction, standard and clause, units and steps.
// It is data of some size and the desk can live without it for a moment, so it is fetched after the first paint.
import type { Metric } from '../../../../contract/kinds/kind.ts'
import type { Rule } from '../../../../contract/rules.ts'

class Catalog {
  #rules = $state.raw<ReadonlyMap<string, Rule>>(new Map())
  #table = $state.raw<typeof import('../../../../contract/kinds/table.ts') | null>(null)
  #asked = false

  async load(): Promise<void> {
    if (this.#asked) return
    this.#asked = true
    const table = await import('../../../../contract/kinds/table.ts')
    const all = Object.values(table.KINDS).flatMap((kind) => table.defaultRulesFor(kind.name))
    this.#rules = new Map([...all, ...table.HUB_RULES].map((rule) => [rule.id, rule]))
    this.#table = table
  }

  get ready(): boolean {
    return this.#table !== null
  }

  rule(id: string): Rule | undefined {
    return this.#rules.get(id)
  }

  /** Which side of its limit is the wrong one; null if the rule has no limit or is not known here. */
  direction(ruleId: string): 'high' | 'low' | null {
    const rule = this.#rules.get(ruleId)
    return rule?.type === 'threshold' ? rule.direction : null
  }

  metric(kind: string, name: string): Metric | undefined {
    const table = this.#table
    if (table === null || !Object.hasOwn(table.KINDS, kind)) return undefined
    return table.metricOf(kind as keyof typeof table.KINDS, name)
  }
}

export const catalog = new Catalog()
