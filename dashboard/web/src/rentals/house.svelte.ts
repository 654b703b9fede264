// The house that a page is about: its site and all its rooms, read again when an alarm of the house comes or goes.
import { pageOf } from '../../../../contract/http/common.ts'
import { roomSchema } from '../../../../contract/http/rentals.ts'
import type { Room } from '../../../../contract/http/rentals.ts'
import { siteSchema } from '../../../../contract/http/sites.ts'
import type { Site } from '../../../../contract/http/sites.ts'
import { call } from '../api/client.ts'
import { ROUTES, withQuery } from '../api/routes.ts'

/** The most that one page of a list holds. */
const PER_READ = 500
const rooms = pageOf(roomSchema)

export async function allRooms(siteId: string): Promise<Room[]> {
  const all: Room[] = []
  let cursor: string | null | undefined
  do {
    const page = await call('GET', withQuery(ROUTES.rooms(siteId), { limit: PER_READ, cursor }), rooms)
    all.push(...page.items)
    cursor = page.next
  } while (cursor !== null)
  return all
}

export class House {
  site = $state.raw<Site | null>(null)
  error = $state.raw<unknown>(null)

  async load(id: string): Promise<void> {
    try {
      this.site = await call('GET', ROUTES.site(id), siteSchema)
      this.error = null
    } catch (failure) {
      this.error = failure
    }
  }
}
