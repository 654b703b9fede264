// Users, for administrators. A changed role, password or scope takes effect on open sessions and feeds at once.
import { API_ROOT, pageOf } from '../../../contract/http/common.ts'
import { createUserSchema, updateUserSchema, userQuerySchema, userSchema } from '../../../contract/http/people.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { refusePassword } from '../auth/password-policy.ts'
import { hashPassword } from '../auth/passwords.ts'
import { actorOf } from '../auth/principal.ts'
import { ApiError } from '../errors.ts'
import { NOTHING, errors, idParams } from './answers.ts'

const read = role('users:read', 'whole_hub')
const write = role('users:write', 'whole_hub')

export function userRoutes(app: App, { ports, live }: Context): void {
  const { users } = ports.records
  const tags = ['users']

  async function userOr404(id: string) {
    const user = await users.get(id)
    if (user === null) throw new ApiError('not_found')
    return user
  }

  app.get(
    `${API_ROOT}/users`,
    {
      config: { access: read },
      schema: {
        summary: '用户列表。 Lists users.',
        querystring: userQuerySchema,
        response: { 200: pageOf(userSchema), ...errors },
        tags,
      },
    },
    (request) => users.list(request.query),
  )

  app.get(
    `${API_ROOT}/users/:id`,
    {
      config: { access: read },
      schema: { summary: '一个用户。 One user.', params: idParams, response: { 200: userSchema, ...errors }, tags },
    },
    (request) => userOr404(request.params.id),
  )

  app.post(
    `${API_ROOT}/users`,
    {
      config: { access: write },
      schema: {
        summary: '新建用户。 Creates a user.',
        body: createUserSchema.strict(),
        response: { 201: userSchema, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const { password, mustChange, ...user } = request.body
      if (password !== undefined) refusePassword(password, user.username, 'password')
      const created = await ports.registry.users.create(actorOf(principalOf(request), request.from.address), {
        ...user,
        passwordHash: password === undefined ? null : await hashPassword(password),
        mustChange: password !== undefined && (mustChange ?? true),
      })
      return reply.code(201).send(created)
    },
  )

  app.patch(
    `${API_ROOT}/users/:id`,
    {
      config: { access: write },
      schema: {
        summary: '修改用户。 Changes a user.',
        params: idParams,
        body: updateUserSchema.strict(),
        response: { 200: userSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const { id } = request.params
      const { password, ...change } = request.body
      if (password !== undefined) refusePassword(password, (await userOr404(id)).username, 'password')
      const secret = password === undefined ? {} : { passwordHash: await hashPassword(password), mustChange: true }
      const update = () =>
        ports.registry.users.update(actorOf(principalOf(request), request.from.address), id, { ...change, ...secret })
      const scoped = change.role !== undefined || change.sites !== undefined || change.areas !== undefined
      const user = scoped ? await live.changingScope({ userId: id }, update) : await update()
      await live.userChanged(id)
      return user
    },
  )

  app.delete(
    `${API_ROOT}/users/:id`,
    {
      config: { access: write },
      schema: {
        summary: '停用用户，其会话立即结束。 Deletes a user; their sessions end at once.',
        params: idParams,
        response: { 204: NOTHING, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const { id } = request.params
      await ports.registry.users.delete(actorOf(principalOf(request), request.from.address), id)
      await live.userChanged(id)
      return reply.code(204).send()
    },
  )
}
