// The rules in force, in memory. Defaults come with the kinds; the ledger keeps the versions.
import { KIND_NAMES } from '../contract/kinds/kind.ts'
import { defaultRulesFor, HUB_RULES, KINDS } from '../contract/kinds/table.ts'
import type { KindRule, VersionedRule } from '../contract/rules.ts'
import type { Rules } from '../records/ledger.ts'

/** What a new county starts with. */
export const DEFAULT_RULES: readonly KindRule[] = [
  ...KIND_NAMES.flatMap((kind) => defaultRulesFor(kind).map((rule): KindRule => ({ ...rule, kind }))),
  ...HUB_RULES.map((rule): KindRule => ({ ...rule, kind: 'hub' })),
]

/** Columns of the reading store: the metrics of each kind in their order. */
export const METRIC_COLUMNS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  KIND_NAMES.map((name) => [name, KINDS[name].metrics.map((metric) => metric.name)]),
)

export class CurrentRules {
  private byKind = new Map<string, VersionedRule[]>()
  private readonly records: Pick<Rules, 'current'>

  constructor(records: Pick<Rules, 'current'>) {
    this.records = records
  }

  async reload(): Promise<void> {
    const byKind = new Map<string, VersionedRule[]>()
    for (const rule of await this.records.current()) {
      const list = byKind.get(rule.kind)
      if (list === undefined) byKind.set(rule.kind, [rule])
      else list.push(rule)
    }
    this.byKind = byKind
  }

  of(kind: string): readonly VersionedRule[] {
    return this.byKind.get(kind) ?? []
  }
}
