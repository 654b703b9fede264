// First steps that this county has written, by rule. Where it has written none, or the hub cannot be asked, the pages' own stand.
import * as z from 'zod'
import { firstStepsSchema } from '../../../../contract/http/first-steps.ts'
import type { FirstSteps, Step } from '../../../../contract/http/first-steps.ts'
import { call } from '../api/client.ts'
import { ROUTES } from '../api/routes.ts'

const listSchema = z.object({ items: z.array(firstStepsSchema) })

class CountySteps {
  /** Those that were ever changed. */
  changed = $state.raw<ReadonlyMap<string, FirstSteps>>(new Map())
  #asked = 0

  of(ruleId: string): readonly Step[] | null {
    return this.changed.get(ruleId)?.steps ?? null
  }

  async load(): Promise<void> {
    const ask = ++this.#asked
    const { items } = await call('GET', ROUTES.firstSteps, listSchema)
    if (ask === this.#asked) this.changed = new Map(items.map((one) => [one.ruleId, one]))
  }

  /** The same, keeping what is known when the hub does not answer. */
  refresh(): Promise<void> {
    return this.load().catch((error: unknown) => console.warn('first steps could not be read', error))
  }

  replace(one: FirstSteps): void {
    this.#asked += 1
    this.changed = new Map(this.changed).set(one.ruleId, one)
  }
}

export const countySteps = new CountySteps()
