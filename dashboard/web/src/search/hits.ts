// What was found as the lines of one list: each with its address, its group's address where a page lists them all.
import type { SearchGroup, SearchResult } from '../../../../contract/http/search.ts'
import type { KindName } from '../../../../contract/kinds/kind.ts'
import type { Bilingual, Priority } from '../../../../contract/rules.ts'
import { withQuery } from '../api/routes.ts'
import { PAGES } from '../app/path.ts'

export interface Hit {
  readonly href: string
  readonly name: string | Bilingual
  /** What tells it from others of its name: its id, its device. */
  readonly detail: string
  readonly place: string
  readonly priority?: Priority
  readonly kind?: KindName
}

export interface HitGroup {
  readonly group: SearchGroup
  readonly hits: readonly Hit[]
  readonly total: number
  /** The page that lists all of them; null where there is none. */
  readonly all: string | null
}

const ORDER: readonly SearchGroup[] = ['alarms', 'areas', 'sites', 'rooms', 'devices', 'users']
const path = (place: readonly string[]): string => place.join(' / ')

/** Groups with something in them, in the order of what is most urgent. */
export function groupsOf(result: SearchResult, q: string): HitGroup[] {
  const hits: Readonly<Record<SearchGroup, readonly Hit[]>> = {
    alarms: (result.alarms?.items ?? []).map(({ id, title, priority, deviceName, place }) => ({
      ...{ href: PAGES.alarm(id), name: title, detail: deviceName, place: path(place), priority },
    })),
    areas: (result.areas?.items ?? []).map(({ id, name, place }) => ({
      ...{ href: withQuery(PAGES.sites, { areaId: id }), name, detail: '', place: path(place) },
    })),
    sites: (result.sites?.items ?? []).map(({ id, name, place }) => ({
      ...{ href: PAGES.site(id), name, detail: '', place: path(place) },
    })),
    rooms: (result.rooms?.items ?? []).map(({ id, name, building, place }) => ({
      ...{ href: PAGES.room(id), name, detail: building, place: path(place) },
    })),
    devices: (result.devices?.items ?? []).map(({ id, name, kind, place }) => ({
      ...{ href: PAGES.device(id), name, detail: id, place: path(place), kind },
    })),
    users: (result.users?.items ?? []).map(({ username, name }) => ({
      ...{ href: withQuery(PAGES.users, { q: username }), name, detail: username, place: '' },
    })),
  }
  const all: Readonly<Record<SearchGroup, string | null>> = {
    alarms: withQuery(PAGES.history, { state: 'open', q }),
    areas: null,
    sites: withQuery(PAGES.sites, { q }),
    rooms: null,
    devices: withQuery(PAGES.devices, { q }),
    users: withQuery(PAGES.users, { q }),
  }
  return ORDER.flatMap((group) =>
    hits[group].length === 0 ? [] : [{ group, hits: hits[group], total: result[group]?.total ?? 0, all: all[group] }],
  )
}
