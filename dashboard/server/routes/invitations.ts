// Invitations: an administrator makes a link, the person sets their password at it. The code is in bodies only, never in a URL:
// a URL is in every log on the way.
import { API_ROOT } from '../../../contract/http/common.ts'
import {
  INVITATION_MS,
  acceptInvitationSchema,
  createdInvitationSchema,
  invitedSchema,
} from '../../../contract/http/sign-in.ts'
import { anyone, role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { refusePassword } from '../auth/password-policy.ts'
import { hashPassword } from '../auth/passwords.ts'
import { actorOf } from '../auth/principal.ts'
import { groupOf } from '../auth/sign-in-throttle.ts'
import { ApiError } from '../errors.ts'
import { NOTHING, errors, idParams } from './answers.ts'

const write = role('users:write', 'whole_hub')

const WORTHLESS =
  '邀请链接无效：已用过、已撤回或已过期。请向管理员要一个新的。 This invitation is not valid: used, withdrawn or past its end. Ask for a new one.'

export function invitationRoutes(app: App, { ports, now, live, memory }: Context): void {
  const { invitations } = ports.records
  const tries = memory.throttle('invitation', 20, 60_000)

  app.post(
    `${API_ROOT}/users/:id/invitation`,
    {
      config: { access: write },
      schema: {
        summary:
          '邀请某人设置密码，72 小时内一次有效；旧链接随即作废。 Invites somebody to set their password, once within 72 hours; the link before is worthless.',
        params: idParams,
        response: { 201: createdInvitationSchema, ...errors },
        tags: ['users'],
      },
    },
    async (request, reply) => {
      const endsAt = now() + INVITATION_MS
      const actor = actorOf(principalOf(request), request.from.address)
      const code = await invitations.create(actor, request.params.id, endsAt)
      return reply.code(201).header('cache-control', 'no-store').send({ code, endsAt })
    },
  )

  app.delete(
    `${API_ROOT}/users/:id/invitation`,
    {
      config: { access: write },
      schema: {
        summary: '撤回邀请。 Withdraws an invitation.',
        params: idParams,
        response: { 204: NOTHING, ...errors },
        tags: ['users'],
      },
    },
    async (request, reply) => {
      const actor = actorOf(principalOf(request), request.from.address)
      if (!(await invitations.withdraw(actor, request.params.id))) throw new ApiError('not_found')
      return reply.code(204).send()
    },
  )

  app.post(
    `${API_ROOT}/invitation`,
    {
      config: { access: anyone('the code of the invitation is the credential') },
      schema: {
        summary:
          '用邀请码设置自己的密码；不带密码只问邀请的是谁。 Sets one’s password with the code of an invitation; without a password it only tells who is invited.',
        body: acceptInvitationSchema.strict(),
        response: { 200: invitedSchema, ...errors },
        tags: ['session'],
      },
    },
    async (request) => {
      const { code, password } = request.body
      const { address } = request.from
      const { ok, retryAfter } = await tries.take(groupOf(address), now())
      if (!ok) throw new ApiError('rate_limited', { retryAfter })
      const found = await invitations.find(code, now())
      if (found === null) throw new ApiError('unauthorized', { reason: 'invitation' }, WORTHLESS)
      const { user, endsAt } = found
      const invited = { username: user.username, name: user.name, endsAt }
      if (password === undefined) return { ...invited, accepted: false }
      refusePassword(password, user.username, 'password')
      if (!(await invitations.accept(address, code, await hashPassword(password), now())))
        throw new ApiError('unauthorized', { reason: 'invitation' }, WORTHLESS)
      await live.userChanged(user.id)
      return { ...invited, accepted: true }
    },
  )
}
