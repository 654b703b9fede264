// Who lives in a room: moving in and out, and the one way to a tenant's number.
import { API_ROOT, pageOf, pageQuerySchema } from '../../../contract/http/common.ts'
import {
  createLeaseSchema,
  disclosedTenantSchema,
  leaseSchema,
  siteManagersSchema,
  updateLeaseSchema,
} from '../../../contract/http/rentals.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf, subjectOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { errors, idParams } from './answers.ts'

export function leaseRoutes(app: App, { ports }: Context): void {
  const { leases } = ports.records
  const { registry } = ports
  const tags = ['rentals']

  app.get(
    `${API_ROOT}/rooms/:id/leases`,
    {
      config: { access: role('leases:read', 'room') },
      schema: {
        summary: '房间的租约，最新的在前，租客脱敏。 The leases of a room, the newest first; tenants are masked.',
        params: idParams,
        querystring: pageQuerySchema.strict(),
        response: { 200: pageOf(leaseSchema), ...errors },
        tags,
      },
    },
    (request) => leases.list(principalOf(request).scope, request.params.id, request.query),
  )

  app.post(
    `${API_ROOT}/rooms/:id/leases`,
    {
      config: { access: role('leases:write', 'room') },
      schema: {
        summary: '入住。 Somebody moves in.',
        params: idParams,
        body: createLeaseSchema,
        response: { 201: leaseSchema, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const actor = actorOf(principalOf(request), request.from.address)
      return reply.code(201).send(await registry.leases.moveIn(actor, request.params.id, request.body))
    },
  )

  app.get(
    `${API_ROOT}/sites/:id/managers`,
    {
      config: { access: role('leases:write', 'site') },
      schema: {
        summary: '可负责此场所租约的管理员。 The managers to whom a lease there may be given.',
        params: idParams,
        response: { 200: siteManagersSchema, ...errors },
        tags,
      },
    },
    async (request) => ({ items: await leases.managersOf(request.params.id) }),
  )

  app.get(
    `${API_ROOT}/leases/:id`,
    {
      config: { access: role('leases:read', 'lease') },
      schema: {
        summary: '一份租约，租客脱敏。 One lease; the tenant is masked.',
        params: idParams,
        response: { 200: leaseSchema, ...errors },
        tags,
      },
    },
    async (request) => subjectOf(request, 'lease'),
  )

  app.patch(
    `${API_ROOT}/leases/:id`,
    {
      config: { access: role('leases:write', 'lease') },
      schema: {
        summary: '修改租约。 Changes a lease.',
        params: idParams,
        body: updateLeaseSchema.strict(),
        response: { 200: leaseSchema, ...errors },
        tags,
      },
    },
    (request) =>
      registry.leases.update(actorOf(principalOf(request), request.from.address), request.params.id, request.body),
  )

  app.post(
    `${API_ROOT}/leases/:id/end`,
    {
      config: { access: role('leases:write', 'lease') },
      schema: {
        summary:
          '退租：从此房间的报警不再通知原租客的管理员。 They move out: from now on the room’s alarms go to the house’s managers.',
        params: idParams,
        response: { 200: leaseSchema, ...errors },
        tags,
      },
    },
    (request) => registry.leases.moveOut(actorOf(principalOf(request), request.from.address), request.params.id),
  )

  app.post(
    `${API_ROOT}/leases/:id/tenant`,
    {
      config: { access: role('tenants:unmask', 'lease') },
      schema: {
        summary: '显示租客姓名和号码，并记入审计。 Shows the tenant’s name and number, and is audited.',
        params: idParams,
        response: { 200: disclosedTenantSchema, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      void reply.header('cache-control', 'no-store')
      return registry.leases.disclose(actorOf(principalOf(request), request.from.address), request.params.id)
    },
  )
}
