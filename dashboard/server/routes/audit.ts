// The audit trail, for those who may read it: searched, taken as a file, and its chain checked.
import { Readable } from 'node:stream'
import * as z from 'zod'
import {
  auditFilterSchema,
  auditQuerySchema,
  auditRowSchema,
  auditVerdictSchema,
} from '../../../contract/http/audit.ts'
import type { AuditRow as ShownRow } from '../../../contract/http/audit.ts'
import { API_ROOT, pageOf } from '../../../contract/http/common.ts'
import type { AuditRow } from '../../../records/ledger.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { auditTable, auditTableName } from '../export/audit-table.ts'
import { errors } from './answers.ts'

const access = role('audit:read', 'whole_hub')

export function auditRoutes(app: App, { ports, now }: Context): void {
  const { audit, users } = ports.records
  const tags = ['audit']

  /** Ids are what is kept; names are looked up each time, so that erasing a person erases them here. */
  async function namesOf(rows: readonly AuditRow[]): Promise<ReadonlyMap<string, string>> {
    const ids = new Set(rows.flatMap(({ actorId, subject }) => [actorId, personIn(subject) ?? actorId]))
    const found = await Promise.all([...ids].map(async (id) => [id, (await users.get(id))?.name] as const))
    return new Map(found.flatMap(([id, name]) => (name === undefined ? [] : [[id, name] as const])))
  }

  async function shown(rows: readonly AuditRow[]): Promise<ShownRow[]> {
    const names = await namesOf(rows)
    return rows.map((row) => ({
      ...row,
      fields: [...row.fields],
      actorName: names.get(row.actorId) ?? null,
      subjectName: names.get(personIn(row.subject) ?? '') ?? null,
    }))
  }

  app.get(
    `${API_ROOT}/audit`,
    {
      config: { access },
      schema: {
        summary: '审计记录，最新的在前。 The audit, newest first.',
        querystring: auditQuerySchema,
        response: { 200: pageOf(auditRowSchema), ...errors },
        tags,
      },
    },
    async (request) => {
      const page = await audit.list(request.query)
      return { ...page, items: await shown(page.items) }
    },
  )

  app.get(
    `${API_ROOT}/audit/export`,
    {
      config: { access },
      schema: {
        summary:
          '按条件导出审计记录，最新的在前，UTF-8 CSV，导出本身也记入审计。 Exports the audit as a CSV in UTF-8 with a byte order mark, newest first; the export is audited.',
        produces: ['text/csv'],
        querystring: auditFilterSchema,
        response: { 200: z.unknown().describe('text/csv'), ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const { userId } = principalOf(request)
      const asked = Object.entries(request.query).flatMap(([name, value]) =>
        value === undefined ? [] : [`${name}=${value}`],
      )
      // Written down before the first byte leaves, and thereby in the file.
      await audit.record({ userId, address: request.from.address }, 'audit.exported', 'audit', asked)
      const pages = audit.pages(request.query)
      const named = (async function* () {
        for await (const rows of pages) yield await shown(rows)
      })()
      void reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="${auditTableName(now())}"`)
        .header('cache-control', 'no-store')
      return reply.send(Readable.from(auditTable(named), { highWaterMark: 1 }))
    },
  )

  app.get(
    `${API_ROOT}/audit/verify`,
    {
      config: { access },
      schema: {
        summary: '核对审计链是否完整。 Verifies that the chain of the audit is whole.',
        response: { 200: auditVerdictSchema, ...errors },
        tags,
      },
    },
    () => audit.verify(),
  )
}

/** Of sign-ins refused by earlier versions the subject is the person's id alone. */
const personIn = (subject: string): string | null =>
  subject.startsWith('user:') ? subject.slice('user:'.length) : subject.includes(':') ? null : subject
