// Floor plans of a site.
import { API_ROOT } from '../../../contract/http/common.ts'
import {
  createPlanSchema,
  floorPlanSchema,
  floorPlansSchema,
  updatePlanSchema,
} from '../../../contract/http/rentals.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { errors, idParams, NOTHING } from './answers.ts'

export function floorPlanRoutes(app: App, { ports }: Context): void {
  const { plans } = ports.records
  const { registry } = ports
  const tags = ['rentals']

  app.get(
    `${API_ROOT}/sites/:id/plans`,
    {
      config: { access: role('rooms:read', 'site') },
      schema: {
        summary: '一个场所的平面图和图上的设备。 The floor plans of a site and the devices on them.',
        params: idParams,
        response: { 200: floorPlansSchema, ...errors },
        tags,
      },
    },
    async (request) => ({ items: await plans.list(principalOf(request).scope, request.params.id) }),
  )

  app.post(
    `${API_ROOT}/sites/:id/plans`,
    {
      config: { access: role('rooms:write', 'site') },
      schema: {
        summary: '用本场所的一张图片新建平面图。 Makes a floor plan of a picture of the site.',
        params: idParams,
        body: createPlanSchema.strict(),
        response: { 201: floorPlanSchema, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const actor = actorOf(principalOf(request), request.from.address)
      return reply.code(201).send(await registry.plans.create(actor, request.params.id, request.body))
    },
  )

  app.patch(
    `${API_ROOT}/plans/:id`,
    {
      config: { access: role('rooms:write', 'plan') },
      schema: {
        summary: '平面图改名，或重新摆放图上的设备。 Renames a floor plan, or places its devices anew.',
        params: idParams,
        body: updatePlanSchema.strict(),
        response: { 200: floorPlanSchema, ...errors },
        tags,
      },
    },
    (request) =>
      registry.plans.update(actorOf(principalOf(request), request.from.address), request.params.id, request.body),
  )

  app.delete(
    `${API_ROOT}/plans/:id`,
    {
      config: { access: role('rooms:write', 'plan') },
      schema: {
        summary: '删除平面图；图片文件保留。 Deletes a floor plan; its picture stays.',
        params: idParams,
        response: { 204: NOTHING, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      await registry.plans.delete(actorOf(principalOf(request), request.from.address), request.params.id)
      return reply.code(204).send()
    },
  )
}
