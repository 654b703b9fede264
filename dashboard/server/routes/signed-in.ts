// Where one is signed in, and an end to it; the same of somebody else, for administrators. What is ended hears nothing more.
import * as z from 'zod'
import { API_ROOT } from '../../../contract/http/common.ts'
import { signedInSessionsSchema } from '../../../contract/http/sign-in.ts'
import { sessionIdOf } from '../../../records/sessions.ts'
import { role, selfWhileChanging } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import type { Principal } from '../auth/principal.ts'
import { sessionState } from '../auth/session-ends.ts'
import { ApiError } from '../errors.ts'
import { NOTHING, errors, idParams } from './answers.ts'

const sessionParams = idParams.extend({ session: z.string().min(1).max(128) })

export function signedInRoutes(app: App, { ports, now, live }: Context): void {
  const { sessions, users } = ports.records

  async function listOf(userId: string, caller: Principal) {
    const user = await users.get(userId)
    if (user === null) throw new ApiError('not_found')
    const own = caller.credential.type === 'session' ? sessionIdOf(caller.credential.id) : null
    const at = now()
    return {
      items: (await sessions.list(userId, at))
        .filter((session) => sessionState(user.role, session, at) !== 'ended')
        .map(({ id, createdAt, lastSeenAt, endsAt, address, browser }) => ({
          id,
          startedAt: createdAt,
          lastSeenAt,
          endsAt,
          address,
          browser,
          current: id === own,
        })),
    }
  }

  app.get(
    `${API_ROOT}/sessions`,
    {
      config: { access: selfWhileChanging },
      schema: {
        summary: '自己在哪些地方登录着。 Where one is signed in.',
        response: { 200: signedInSessionsSchema, ...errors },
        tags: ['session'],
      },
    },
    (request) => listOf(principalOf(request).userId, principalOf(request)),
  )

  app.delete(
    `${API_ROOT}/sessions/:id`,
    {
      config: { access: selfWhileChanging },
      schema: {
        summary: '结束自己的一个登录。 Ends one of one’s own sessions.',
        params: idParams,
        response: { 204: NOTHING, ...errors },
        tags: ['session'],
      },
    },
    async (request, reply) => {
      const { userId } = principalOf(request)
      await revoke(principalOf(request), request.from.address, userId, request.params.id)
      return reply.code(204).send()
    },
  )

  app.delete(
    `${API_ROOT}/sessions`,
    {
      config: { access: selfWhileChanging },
      schema: {
        summary: '结束自己其他所有登录。 Ends all of one’s own sessions but this one.',
        response: { 204: NOTHING, ...errors },
        tags: ['session'],
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { credential, userId } = principal
      const kept = credential.type === 'session' ? credential.id : undefined
      await sessions.endAllOf(actorOf(principal, request.from.address), userId, kept)
      await live.userChanged(userId)
      return reply.code(204).send()
    },
  )

  app.get(
    `${API_ROOT}/users/:id/sessions`,
    {
      config: { access: role('users:write', 'whole_hub') },
      schema: {
        summary: '某用户在哪些地方登录着。 Where a user is signed in.',
        params: idParams,
        response: { 200: signedInSessionsSchema, ...errors },
        tags: ['users'],
      },
    },
    (request) => listOf(request.params.id, principalOf(request)),
  )

  app.delete(
    `${API_ROOT}/users/:id/sessions/:session`,
    {
      config: { access: role('users:write', 'whole_hub') },
      schema: {
        summary: '结束某用户的一个登录。 Ends one session of a user.',
        params: sessionParams,
        response: { 204: NOTHING, ...errors },
        tags: ['users'],
      },
    },
    async (request, reply) => {
      const { id, session } = request.params
      await revoke(principalOf(request), request.from.address, id, session)
      return reply.code(204).send()
    },
  )

  app.delete(
    `${API_ROOT}/users/:id/sessions`,
    {
      config: { access: role('users:write', 'whole_hub') },
      schema: {
        summary: '结束某用户的所有登录。 Ends all sessions of a user.',
        params: idParams,
        response: { 204: NOTHING, ...errors },
        tags: ['users'],
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { id } = request.params
      if ((await users.get(id)) === null) throw new ApiError('not_found')
      const kept =
        id === principal.userId && principal.credential.type === 'session' ? principal.credential.id : undefined
      await sessions.endAllOf(actorOf(principal, request.from.address), id, kept)
      await live.userChanged(id)
      return reply.code(204).send()
    },
  )

  async function revoke(caller: Principal, address: string, userId: string, sessionId: string): Promise<void> {
    if (!(await sessions.revoke(actorOf(caller, address), userId, sessionId))) throw new ApiError('not_found')
    await live.userChanged(userId)
  }
}
