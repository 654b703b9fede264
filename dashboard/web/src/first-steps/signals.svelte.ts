// What can alarm in this county, each with the steps that stand for it: the county's own, or those that come with the pages.
import { pageOf } from '../../../../contract/http/common.ts'
import { versionedRuleSchema } from '../../../../contract/http/rules.ts'
import type { Step } from '../../../../contract/http/first-steps.ts'
import { CATEGORIES } from '../../../../contract/rules.ts'
import type { Bilingual, Category, VersionedRule } from '../../../../contract/rules.ts'
import { call } from '../api/client.ts'
import { ROUTES } from '../api/routes.ts'
import { countySteps } from '../desk/county-steps.svelte.ts'
import { defaultSteps } from '../desk/first-steps.ts'
import { fetchLanguage } from '../text/dictionary.ts'

export interface Signal {
  readonly ruleId: string
  readonly title: Bilingual
  readonly category: Category
  readonly standard: readonly Step[]
}

export class Signals {
  all = $state.raw<readonly Signal[] | null>(null)
  error = $state.raw<unknown>(null)

  async load(): Promise<void> {
    this.error = null
    try {
      const [rules] = await Promise.all([
        call('GET', ROUTES.rules, pageOf(versionedRuleSchema)),
        // The editor must know what is there: a list that could not be read is not an empty one.
        countySteps.load(),
        // The default steps are edited in both languages, whichever the page speaks.
        fetchLanguage('en'),
      ])
      this.all = signalsOf(rules.items)
    } catch (error) {
      this.error = error
    }
  }
}

/** `device.*` rules exist once a kind and are one here; planned ones raise nothing yet. What endangers people
 *  comes first. */
function signalsOf(rules: readonly VersionedRule[]): Signal[] {
  const byId = new Map<string, Signal>()
  for (const rule of rules) {
    if (rule.type === 'planned' || byId.has(rule.id)) continue
    const { id, title, category } = rule
    byId.set(id, { ruleId: id, title, category, standard: defaultSteps(rule) })
  }
  return [...byId.values()].toSorted((a, b) => CATEGORIES.indexOf(a.category) - CATEGORIES.indexOf(b.category))
}
