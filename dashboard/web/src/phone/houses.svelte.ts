// The houses of whoever is here, each with the worst that is open in it.
import type { Alarm } from '../../../../contract/alarms.ts'
import { pageOf } from '../../../../contract/http/common.ts'
import { siteSchema } from '../../../../contract/http/sites.ts'
import type { Site } from '../../../../contract/http/sites.ts'
import { call } from '../api/client.ts'
import { ROUTES, withQuery } from '../api/routes.ts'

const schema = pageOf(siteSchema)
const PAGE = 500
/** Nobody walks more houses than this; whoever sees a whole county has the desk. */
const MOST = 2_000

export interface House {
  readonly site: Site
  /** 1–4; null: nothing is open. */
  readonly worst: number | null
  readonly open: number
}

class Houses {
  sites = $state.raw<readonly Site[] | null>(null)
  total = $state(0)
  error = $state.raw<unknown>(null)

  async load(): Promise<void> {
    try {
      let cursor: string | undefined
      const all: Site[] = []
      do {
        const page = await call('GET', withQuery(ROUTES.sites, { limit: PAGE, cursor }), schema)
        all.push(...page.items)
        this.total = page.total
        cursor = page.next ?? undefined
      } while (cursor !== undefined && all.length < MOST)
      this.sites = all
      this.error = null
    } catch (error) {
      this.error = error
    }
  }
}

export const houses = new Houses()

/** The worst first, then by name. */
export function byWorst(sites: readonly Site[], alarms: readonly Alarm[]): House[] {
  const open = Map.groupBy(alarms, ({ siteId }) => siteId)
  return sites
    .map((site) => {
      const own = open.get(site.id) ?? []
      return {
        site,
        open: own.length,
        worst: own.length === 0 ? null : Math.min(...own.map(({ priority }) => priority)),
      }
    })
    .toSorted(
      (a, b) => (a.worst ?? 5) - (b.worst ?? 5) || a.site.name.localeCompare(b.site.name, 'zh', { numeric: true }),
    )
}

export type HouseFilter = 'all' | 'alarmed' | 'well'

/** Every word of `text` occurs in the name or the area. */
export function narrowed(all: readonly House[], filter: HouseFilter, text: string): House[] {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean)
  return all.filter(({ site, worst }) => {
    if (filter !== 'all' && (filter === 'alarmed') !== (worst !== null)) return false
    const name = [...site.area, site.name].join(' ').toLocaleLowerCase()
    return words.every((word) => name.includes(word))
  })
}
