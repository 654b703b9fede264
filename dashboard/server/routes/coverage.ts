// 应装尽装: figures of what ought to be there, what is missing where, installations against quotas; and the same as files.
import * as z from 'zod'
import { API_ROOT, pageOf } from '../../../contract/http/common.ts'
import {
  coverageExportQuerySchema,
  coverageQuerySchema,
  coverageSchema,
  installsQuerySchema,
  installsSchema,
  missingQuerySchema,
  missingSiteSchema,
  quotaSchema,
} from '../../../contract/http/coverage.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { coverageTable, coverageTableName } from '../export/coverage-table.ts'
import { NOTHING, errors } from './answers.ts'

/** The year of the calendar in China. */
const yearAt = (at: number): number =>
  Number(new Intl.DateTimeFormat('en', { timeZone: 'Asia/Shanghai', year: 'numeric' }).format(at))

export function coverageRoutes(app: App, { ports, now }: Context): void {
  const { coverage, audit } = ports.records
  const tags = ['coverage']
  const reads = role('coverage:read', 'filtered')

  app.get(
    `${API_ROOT}/coverage`,
    {
      config: { access: reads },
      schema: {
        summary: '应装与已装，按镇街。 What ought to be there and what is, by town.',
        querystring: coverageQuerySchema,
        response: { 200: coverageSchema, ...errors },
        tags,
      },
    },
    (request) => coverage.figures(principalOf(request).scope, request.query),
  )

  app.get(
    `${API_ROOT}/coverage/missing`,
    {
      config: { access: reads },
      schema: {
        summary: '应装未装的场所。 Sites that lack what they ought to have.',
        querystring: missingQuerySchema,
        response: { 200: pageOf(missingSiteSchema), ...errors },
        tags,
      },
    },
    (request) => coverage.missing(principalOf(request).scope, request.query),
  )

  app.get(
    `${API_ROOT}/coverage/installs`,
    {
      config: { access: reads },
      schema: {
        summary:
          '安装数与年度任务，按镇街；完成率可超过 100 %。 Installations against the year’s quotas; a rate may pass 100 %.',
        querystring: installsQuerySchema,
        response: { 200: installsSchema, ...errors },
        tags,
      },
    },
    (request) => {
      const { year = yearAt(now()), kind } = request.query
      return coverage.installs(principalOf(request).scope, year, kind)
    },
  )

  app.get(
    `${API_ROOT}/coverage/export`,
    {
      config: { access: reads },
      schema: {
        summary: '导出覆盖情况，UTF-8 CSV，记入审计。 Exports the register as CSV in UTF-8; it is audited.',
        produces: ['text/csv'],
        querystring: coverageExportQuerySchema,
        response: { 200: z.unknown().describe('text/csv'), ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const { userId, scope } = principalOf(request)
      const { what, areaId, year = yearAt(now()), kind } = request.query
      await audit.record({ userId, address: request.from.address }, 'coverage.exported', 'coverage', [what])
      void reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="${coverageTableName(what, now())}"`)
        .header('cache-control', 'no-store')
      return reply.send(await coverageTable(coverage, scope, { what, areaId, year, kind }))
    },
  )

  app.put(
    `${API_ROOT}/quotas`,
    {
      config: { access: role('quotas:write', 'whole_hub') },
      schema: {
        summary: '设定一个区域一年的安装任务。 Sets how many an area is to install in a year.',
        body: quotaSchema,
        response: { 204: NOTHING, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      await coverage.setQuota(actorOf(principalOf(request), request.from.address), request.body)
      return reply.code(204).send()
    },
  )
}
