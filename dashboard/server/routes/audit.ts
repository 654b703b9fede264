// The audit trail, for administrators, and the check of its chain.
import { auditQuerySchema, auditRowSchema, auditVerdictSchema } from '../../../contract/http/audit.ts'
import { API_ROOT, pageOf } from '../../../contract/http/common.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { errors } from './answers.ts'

const access = role('audit:read', 'whole_hub')

export function auditRoutes(app: App, { ports }: Context): void {
  const tags = ['audit']
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
      const page = await ports.records.audit.list(request.query)
      return { ...page, items: page.items.map((row) => ({ ...row, fields: [...row.fields] })) }
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
    () => ports.records.audit.verify(),
  )
}
