// What is owed to a person about their data: found, given to them, erased.
import * as z from 'zod'
import { API_ROOT } from '../../../contract/http/common.ts'
import {
  erasePersonSchema,
  erasedPersonSchema,
  findPeopleQuerySchema,
  foundPeopleSchema,
  personPackageSchema,
  personQuerySchema,
} from '../../../contract/http/privacy.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { personTable } from '../export/person-table.ts'
import { errors } from './answers.ts'

export function privacyRoutes(app: App, { ports, live }: Context): void {
  const tags = ['privacy']

  app.get(
    `${API_ROOT}/privacy/people`,
    {
      config: { access: role('privacy:export', 'whole_hub') },
      schema: {
        summary: '按姓名或电话找人：用户、租客、联系人；记入审计。 Finds people by name or number; it is audited.',
        querystring: findPeopleQuerySchema.strict(),
        response: { 200: foundPeopleSchema, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      void reply.header('cache-control', 'no-store')
      const actor = actorOf(principalOf(request), request.from.address)
      const items = await ports.records.privacy.find(actor, request.query.q)
      return { items, next: null, total: items.length }
    },
  )

  app.get(
    `${API_ROOT}/privacy/person`,
    {
      config: { access: role('privacy:export', 'whole_hub') },
      schema: {
        summary:
          '一个人的全部信息，JSON 或 CSV；记入审计。 All that is kept of one person, as JSON or CSV; it is audited.',
        produces: ['application/json', 'text/csv'],
        querystring: personQuerySchema.strict(),
        response: { 200: z.union([personPackageSchema, z.string().describe('text/csv')]), ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const { ref, format } = request.query
      void reply.header('cache-control', 'no-store')
      const actor = actorOf(principalOf(request), request.from.address)
      const found = await ports.records.privacy.export(actor, ref)
      if (format === 'json') return found
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="person.csv"')
        .send(personTable(found))
    },
  )

  app.post(
    `${API_ROOT}/privacy/erase`,
    {
      config: { access: role('privacy:erase', 'whole_hub') },
      schema: {
        summary:
          '删除一个人的信息，不可恢复；法律要求保留的会说明原因并拒绝。 Erases a person for good; refused with the reason where a duty keeps it.',
        body: erasePersonSchema.strict(),
        response: { 200: erasedPersonSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const actor = actorOf(principalOf(request), request.from.address)
      const { ref, reason } = request.body
      const erased = await ports.registry.privacy.erase(actor, ref, reason)
      if (ref.startsWith('user:')) await live.userChanged(ref.slice('user:'.length))
      return erased
    },
  )
}
