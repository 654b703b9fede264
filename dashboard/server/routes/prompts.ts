// Questions put to the caller. Each reads their own and nobody else's, whatever the role: an administrator sees none.
import * as z from 'zod'
import { API_ROOT } from '../../../contract/http/common.ts'
import { answerPromptSchema, promptSchema } from '../../../contract/http/prompts.ts'
import { self } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { ApiError } from '../errors.ts'
import { errors, idParams } from './answers.ts'

export function promptRoutes(app: App, { ports }: Context): void {
  const { prompts } = ports.records
  const tags = ['prompts']

  app.get(
    `${API_ROOT}/me/prompts`,
    {
      config: { access: self },
      schema: {
        summary: '只问我本人的问题。 Questions put to the caller alone.',
        response: { 200: z.object({ items: z.array(promptSchema) }), ...errors },
        tags,
      },
    },
    async (request) => {
      const { userId, scope } = principalOf(request)
      return { items: await prompts.of(userId, scope) }
    },
  )

  app.post(
    `${API_ROOT}/me/prompts/:id/answer`,
    {
      config: { access: self },
      schema: {
        summary: '回答一个问题：是、否、不清楚。 Answers a question: yes, no, not known.',
        params: idParams,
        body: answerPromptSchema.strict(),
        response: { 200: promptSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const principal = principalOf(request)
      const actor = actorOf(principal, request.from.address)
      const answered = await prompts.answer(actor, principal.scope, request.params.id, request.body.answer)
      if (answered === null) throw new ApiError('not_found')
      return answered
    },
  )
}
