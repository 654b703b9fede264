// Search everywhere.
import { API_ROOT } from '../../../contract/http/common.ts'
import { searchQuerySchema, searchResultSchema } from '../../../contract/http/search.ts'
import type { SearchGroup } from '../../../contract/http/search.ts'
import { roleMay } from '../../../contract/roles.ts'
import type { Permission, Role } from '../../../contract/role-names.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { errors } from './answers.ts'

/** What one must be allowed to read to find it. */
const NEEDS: Readonly<Record<SearchGroup, Permission>> = {
  alarms: 'alarms:read',
  areas: 'sites:read',
  sites: 'sites:read',
  rooms: 'rooms:read',
  devices: 'devices:read',
  users: 'users:read',
}
const GROUPS = Object.keys(NEEDS) as SearchGroup[]

const groupsOf = (of: Role): SearchGroup[] => GROUPS.filter((group) => roleMay(of, NEEDS[group]))

export function searchRoutes(app: App, { ports }: Context): void {
  app.get(
    `${API_ROOT}/search`,
    {
      config: { access: role('search:use', 'filtered') },
      schema: {
        summary:
          '按名称、编号或拼音查找区域、场所、房间、设备、未关闭报警和用户。 Finds areas, sites, rooms, devices, open alarms and users by name, id or pinyin.',
        querystring: searchQuerySchema,
        response: { 200: searchResultSchema, ...errors },
        tags: ['search'],
      },
    },
    (request) => {
      const principal = principalOf(request)
      const { q, limit } = request.query
      return ports.records.search.find(principal.scope, q, limit, groupsOf(principal.role))
    },
  )
}
