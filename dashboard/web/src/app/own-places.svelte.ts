// Which places a page is about, where it is not about the whole county: 青禾街道.
import * as z from 'zod'
import { call } from '../api/client.ts'
import { ROUTES } from '../api/routes.ts'

const namedSchema = z.object({ items: z.array(z.object({ id: z.string(), name: z.string() })) })

class OwnPlaces {
  /** null: the whole county, single houses, or not known yet. */
  name = $state<string | null>(null)

  /** A page without the name is still the right page. */
  async load(areaIds: readonly string[]): Promise<void> {
    if (areaIds.length === 0) return
    try {
      const { items } = await call('GET', ROUTES.areas, namedSchema)
      const names = items.filter(({ id }) => areaIds.includes(id)).map(({ name }) => name)
      this.name = names.length === 0 ? null : names.join('、')
    } catch (error) {
      console.warn('the names of the own areas could not be read', error)
    }
  }
}

export const ownPlaces = new OwnPlaces()
