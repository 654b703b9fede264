// What the rules and kinds say beyond what an alarm carries: direction, standard and clause, units and steps. The rules are
// the county's own, asked from the hub; the kinds are data of some size. Both are fetched after the first paint.
import type { Alarm } from '../../../../contract/alarms.ts'
import { pageOf } from '../../../../contract/http/common.ts'
import { versionedRuleSchema } from '../../../../contract/http/rules.ts'
import type { Metric } from '../../../../contract/kinds/kind.ts'
import type { Bilingual, Rule, VersionedRule } from '../../../../contract/rules.ts'
import { call } from '../api/client.ts'
import { ROUTES } from '../api/routes.ts'

class Catalog {
  rules = $state.raw<readonly VersionedRule[]>([])
  #table = $state.raw<typeof import('../../../../contract/kinds/table.ts') | null>(null)
  #loading: Promise<void> | null = null

  load(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      // Asked again by the next page that needs it; until then alarms show what they carry themselves.
      this.#loading = null
      console.warn('rules and kinds could not be read', error)
    })
    return this.#loading
  }

  async #load(): Promise<void> {
    this.#table = await import('../../../../contract/kinds/table.ts')
    this.rules = (await call('GET', ROUTES.rules, pageOf(versionedRuleSchema))).items
  }

  get ready(): boolean {
    return this.#table !== null
  }

  /** `device.*` rules exist once a kind; their provenance differs little, so that another kind's is better than none. */
  rule(kind: string, id: string): Rule | undefined {
    return this.rules.find((rule) => rule.id === id && rule.kind === kind) ?? this.rules.find((rule) => rule.id === id)
  }

  /** Which side of its limit is the wrong one; null if the rule has no limit or is not known here. */
  direction(kind: string, ruleId: string): 'high' | 'low' | null {
    const rule = this.rule(kind, ruleId)
    return rule?.type === 'threshold' ? rule.direction : null
  }

  metric(kind: string, name: string): Metric | undefined {
    const table = this.#table
    if (table === null || !Object.hasOwn(table.KINDS, kind)) return undefined
    return table.metricOf(kind as keyof typeof table.KINDS, name)
  }

  /** What 1 means where the alarm is about a 0/1 metric: its value is a word, and a limit says nothing. */
  binary({ kind, signal, channel, unit }: Pick<Alarm, 'kind' | 'signal' | 'channel' | 'unit'>): Bilingual | null {
    return unit === '' ? (this.metric(kind, channel === '' ? signal : `${signal}_${channel}`)?.binary ?? null) : null
  }
}

export const catalog = new Catalog()
