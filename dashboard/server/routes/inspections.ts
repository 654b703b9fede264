// 检查: towns and grid members write what they find, report it and recheck it; a penalty is the county's alone.
import { API_ROOT, pageOf } from '../../../contract/http/common.ts'
import {
  createInspectionSchema,
  inspectionListQuerySchema,
  inspectionSchema,
} from '../../../contract/http/inspections.ts'
import { roleMay } from '../../../contract/roles.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf, subjectOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { ApiError } from '../errors.ts'
import { errors, idParams } from './answers.ts'

export function inspectionRoutes(app: App, { ports }: Context): void {
  const { inspections } = ports.records
  const tags = ['places']

  app.get(
    `${API_ROOT}/inspections`,
    {
      config: { access: role('inspections:read', 'filtered') },
      schema: {
        summary: '按条件列出检查记录，最新的在前。 Lists inspections, newest first.',
        querystring: inspectionListQuerySchema,
        response: { 200: pageOf(inspectionSchema), ...errors },
        tags,
      },
    },
    (request) => inspections.list(principalOf(request).scope, request.query),
  )

  app.get(
    `${API_ROOT}/inspections/:id`,
    {
      config: { access: role('inspections:read', 'inspection') },
      schema: {
        summary: '一条检查记录。 One inspection.',
        params: idParams,
        response: { 200: inspectionSchema, ...errors },
        tags,
      },
    },
    (request) => subjectOf(request, 'inspection'),
  )

  app.post(
    `${API_ROOT}/sites/:id/inspections`,
    {
      config: { access: role('inspections:write', 'site') },
      schema: {
        summary:
          '记录一次检查或复查；处罚只有县级可以记录。 Records an inspection or a recheck; a penalty is the county’s.',
        params: idParams,
        body: createInspectionSchema,
        response: { 201: inspectionSchema, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      if (request.body.result === 'penalty' && !roleMay(principal.role, 'inspections:penalise'))
        throw new ApiError(
          'forbidden',
          { reason: 'penalise' },
          '镇街、村社区没有行政处罚权，请上报县级处理。 A township cannot penalise; report it to the county.',
        )
      const actor = actorOf(principal, request.from.address)
      return reply.code(201).send(await inspections.create(actor, request.params.id, request.body))
    },
  )

  app.post(
    `${API_ROOT}/inspections/:id/report`,
    {
      config: { access: role('inspections:write', 'inspection') },
      schema: {
        summary: '把检查情况上报县级。 Reports an inspection to the county.',
        params: idParams,
        response: { 200: inspectionSchema, ...errors },
        tags,
      },
    },
    (request) => inspections.report(actorOf(principalOf(request), request.from.address), request.params.id),
  )
}
