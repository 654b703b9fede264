// What a county has written for its desks to say and do first. What it has not written comes with the pages.
import * as z from 'zod'
import { API_ROOT, pageOf } from '../../../contract/http/common.ts'
import {
  changeFirstStepsSchema,
  firstStepsSchema,
  restoreFirstStepsSchema,
  stepsSchema,
} from '../../../contract/http/first-steps.ts'
import type { FirstSteps } from '../../../contract/http/first-steps.ts'
import type { VersionedSetting } from '../../../records/ledger.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { ApiError } from '../errors.ts'
import { errors } from './answers.ts'

const KEY = 'first_steps.'
const ruleParams = z.object({ ruleId: z.string().min(1).max(64) })

const viewOf = (ruleId: string, { version, value, changedAt }: VersionedSetting): FirstSteps => ({
  ruleId,
  version,
  steps: value === null ? null : stepsSchema.parse(value),
  changedAt,
})

export function firstStepsRoutes(app: App, { ports }: Context): void {
  const { settings, rules } = ports.records
  const tags = ['first-steps']
  const knownRule = async (ruleId: string): Promise<string> => {
    if (!(await rules.current()).some(({ id }) => id === ruleId)) throw new ApiError('not_found')
    return ruleId
  }

  app.get(
    `${API_ROOT}/first-steps`,
    {
      config: { access: role('first_steps:read', 'placeless') },
      schema: {
        summary: '各信号的处置要点。 The first steps of every signal.',
        description: 'Those that were ever changed; all others stand as the pages have them.',
        response: { 200: pageOf(firstStepsSchema).extend({ next: z.null() }), ...errors },
        tags,
      },
    },
    async () => {
      const items = [...(await settings.versionedUnder(KEY))].map(([ruleId, setting]) => viewOf(ruleId, setting))
      return { items, next: null, total: items.length }
    },
  )

  app.get(
    `${API_ROOT}/first-steps/:ruleId`,
    {
      config: { access: role('first_steps:read', 'placeless') },
      schema: {
        summary: '一个信号的处置要点。 The first steps of one signal.',
        params: ruleParams,
        response: { 200: firstStepsSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const ruleId = await knownRule(request.params.ruleId)
      return viewOf(ruleId, await settings.versioned(KEY + ruleId))
    },
  )

  app.put(
    `${API_ROOT}/first-steps/:ruleId`,
    {
      config: { access: role('first_steps:write', 'whole_hub') },
      schema: {
        summary: '修改一个信号的处置要点。 Changes the first steps of one signal.',
        params: ruleParams,
        body: changeFirstStepsSchema.strict(),
        response: { 200: firstStepsSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const ruleId = await knownRule(request.params.ruleId)
      const { version, steps } = request.body
      const actor = actorOf(principalOf(request), request.from.address)
      const change = { version, value: steps, action: 'first_steps.changed', fields: ['steps'] }
      return viewOf(ruleId, await settings.change(actor, KEY + ruleId, change))
    },
  )

  app.delete(
    `${API_ROOT}/first-steps/:ruleId`,
    {
      config: { access: role('first_steps:write', 'whole_hub') },
      schema: {
        summary: '恢复默认的处置要点。 Restores the default first steps.',
        description: 'Back to the text that comes with the pages.',
        params: ruleParams,
        querystring: restoreFirstStepsSchema,
        response: { 200: firstStepsSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const ruleId = await knownRule(request.params.ruleId)
      const actor = actorOf(principalOf(request), request.from.address)
      const change = { ...request.query, value: null, action: 'first_steps.restored', fields: ['steps'] }
      return viewOf(ruleId, await settings.change(actor, KEY + ruleId, change))
    },
  )
}
