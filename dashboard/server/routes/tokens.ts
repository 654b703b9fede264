// One's own bearer tokens: a machine that acts as the user who made it, within that user's scope.
import { API_ROOT, pageOf, pageQuerySchema } from '../../../contract/http/common.ts'
import { createTokenSchema, createdTokenSchema, tokenSchema } from '../../../contract/http/people.ts'
import { self } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { ApiError } from '../errors.ts'
import { NOTHING, errors, idParams } from './answers.ts'

const DAY = 86_400_000

export function tokenRoutes(app: App, { ports, now, live }: Context): void {
  const { tokens } = ports.records

  app.get(
    `${API_ROOT}/tokens`,
    {
      config: { access: self },
      schema: {
        summary: '自己的令牌。 One’s own tokens.',
        querystring: pageQuerySchema,
        response: { 200: pageOf(tokenSchema), ...errors },
        tags: ['tokens'],
      },
    },
    (request) => tokens.list(principalOf(request).userId, request.query),
  )

  app.post(
    `${API_ROOT}/tokens`,
    {
      config: { access: self },
      schema: {
        summary: '新建令牌；只给出这一次。 Makes a token; it is given out only now.',
        body: createTokenSchema.strict().nullable(),
        response: { 201: createdTokenSchema, ...errors },
        tags: ['tokens'],
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      // A token that could make tokens would outlive its own end and its revocation.
      if (principal.credential.type === 'token')
        throw new ApiError(
          'forbidden',
          { reason: 'bearer_token' },
          '请用密码登录后创建令牌。 Sign in with a password to make tokens.',
        )
      // Without a body a token of the default name, without an end.
      const { name, days } = request.body ?? createTokenSchema.parse({})
      const made = await tokens.create(actorOf(principal, request.from.address), {
        name,
        expiresAt: days === undefined ? null : now() + days * DAY,
      })
      return reply.code(201).send(made)
    },
  )

  app.delete(
    `${API_ROOT}/tokens/:id`,
    {
      config: { access: self },
      schema: {
        summary: '吊销令牌。 Revokes a token.',
        params: idParams,
        response: { 204: NOTHING, ...errors },
        tags: ['tokens'],
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const actor = actorOf(principal, request.from.address)
      if (!(await tokens.revoke(actor, principal.userId, request.params.id))) throw new ApiError('not_found')
      await live.userChanged(principal.userId)
      return reply.code(204).send()
    },
  )
}
