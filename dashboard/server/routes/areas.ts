// The tree of areas: read by everyone as far as their scope goes, changed by administrators. A changed tree changes scopes.
import * as z from 'zod'
import { API_ROOT, pageOf } from '../../../contract/http/common.ts'
import { areaSchema, countedAreaSchema, mergeAreaSchema, updateAreaSchema } from '../../../contract/http/places.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { errors, idParams } from './answers.ts'

export function areaRoutes(app: App, { ports, live }: Context): void {
  const { places } = ports.records
  const tags = ['places']

  app.get(
    `${API_ROOT}/areas`,
    {
      config: { access: role('sites:read', 'filtered') },
      schema: {
        summary: '区域树，含各区域的场所、设备和未关闭报警数。 The tree of areas with what lies in each.',
        response: { 200: pageOf(countedAreaSchema).extend({ next: z.null() }), ...errors },
        tags,
      },
    },
    async (request) => {
      // A county's tree is small and only useful whole.
      const items = await places.countedAreas(principalOf(request).scope)
      return { items, next: null, total: items.length }
    },
  )

  app.patch(
    `${API_ROOT}/areas/:id`,
    {
      config: { access: role('sites:write', 'whole_hub') },
      schema: {
        summary: '改名或移到另一区域之下。 Renames an area, or moves it below another.',
        params: idParams,
        body: updateAreaSchema.strict(),
        response: { 200: areaSchema, ...errors },
        tags,
      },
    },
    (request) => {
      const actor = actorOf(principalOf(request), request.from.address)
      const update = () => ports.registry.places.updateArea(actor, request.params.id, request.body)
      return request.body.parentId === undefined ? update() : live.changingScope('everyone_with_places', update)
    },
  )

  app.post(
    `${API_ROOT}/areas/:id/merge`,
    {
      config: { access: role('sites:write', 'whole_hub') },
      schema: {
        summary: '把区域并入另一区域，管辖范围随之转移。 Merges an area into another; scopes that name it follow.',
        params: idParams,
        body: mergeAreaSchema.strict(),
        response: { 200: areaSchema, ...errors },
        tags,
      },
    },
    (request) => {
      const actor = actorOf(principalOf(request), request.from.address)
      return live.changingScope('everyone_with_places', () =>
        ports.registry.places.mergeArea(actor, request.params.id, request.body.into),
      )
    },
  )
}
