// The rules a county runs. A change is a new version; it applies from the next sample, and an alarm keeps the one that raised it.
import { API_ROOT, pageOf } from '../../../contract/http/common.ts'
import { changedRuleSchema, versionedRuleSchema } from '../../../contract/http/rules.ts'
import { ruleKindSchema } from '../../../contract/rules.ts'
import * as z from 'zod'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { ApiError, invalid } from '../errors.ts'
import { errors } from './answers.ts'

const ruleParams = z.object({ kind: ruleKindSchema, id: z.string().max(64) })
const versionQuery = z.object({ version: z.coerce.number().int().min(1).optional() })

export function ruleRoutes(app: App, { ports }: Context): void {
  const { rules } = ports.records
  const tags = ['rules']
  const newest = async ({ kind, id }: z.infer<typeof ruleParams>) =>
    (await rules.current()).find((rule) => rule.kind === kind && rule.id === id)

  app.get(
    `${API_ROOT}/rules`,
    {
      config: { access: role('rules:read', 'placeless') },
      schema: {
        summary: '全部报警规则。 All alarm rules.',
        response: { 200: pageOf(versionedRuleSchema).extend({ next: z.null() }), ...errors },
        tags,
      },
    },
    async () => {
      const items = await rules.current()
      return { items, next: null, total: items.length }
    },
  )

  app.get(
    `${API_ROOT}/rules/:kind/:id`,
    {
      config: { access: role('rules:read', 'placeless') },
      schema: {
        summary: '一条规则。 One rule.',
        params: ruleParams,
        querystring: versionQuery,
        response: { 200: versionedRuleSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const { kind, id } = request.params
      const { version } = request.query
      const rule = version === undefined ? await newest(request.params) : await rules.version(kind, id, version)
      if (rule === undefined || rule === null) throw new ApiError('not_found')
      return rule
    },
  )

  app.put(
    `${API_ROOT}/rules/:kind/:id`,
    {
      config: { access: role('rules:write', 'whole_hub') },
      schema: {
        summary: '修改规则，成为新的版本。 Changes a rule, which makes a new version of it.',
        params: ruleParams,
        body: changedRuleSchema,
        response: { 200: versionedRuleSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const { version, ...rule } = request.body
      const current = await newest(request.params)
      if (current === undefined) throw new ApiError('not_found')
      if (rule.id !== current.id) throw invalid([{ path: 'id', message: `must be ${current.id}` }])
      if (rule.kind !== current.kind) throw invalid([{ path: 'kind', message: `must be ${current.kind}` }])
      if (rule.type !== current.type) throw invalid([{ path: 'type', message: `must be ${current.type}` }])
      if (version !== current.version) throw new ApiError('stale', { version: current.version })
      return ports.registry.rules.change(actorOf(principalOf(request), request.from.address), rule)
    },
  )
}
