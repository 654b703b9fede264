// Oneself: who, role, scope; and one's password.
import { API_ROOT } from '../../../contract/http/common.ts'
import { changePasswordSchema, meSchema } from '../../../contract/http/people.ts'
import type { Me, MqttPorts } from '../../../contract/http/people.ts'
import { rowOf } from '../../../contract/roles.ts'
import { selfWhileChanging } from '../access.ts'
import type { App, Context } from '../app.ts'
import { browserWords } from '../auth/browser-words.ts'
import { setSessionCookie } from '../auth/credentials.ts'
import { principalOf } from '../auth/guard.ts'
import { refusePassword } from '../auth/password-policy.ts'
import { hashPassword, verifyPassword } from '../auth/passwords.ts'
import { actorOf } from '../auth/principal.ts'
import type { Principal } from '../auth/principal.ts'
import { lastEnd } from '../auth/session-ends.ts'
import { ApiError } from '../errors.ts'
import { errors } from './answers.ts'

export function viewOf(principal: Principal, mqtt: MqttPorts | null): Me {
  const { scope } = principal
  return {
    id: principal.userId,
    username: principal.username,
    name: principal.name,
    role: principal.role,
    may: [...rowOf(principal.role).may],
    ackLevel: rowOf(principal.role).ackLevel,
    scope: scope.all
      ? { all: true, sites: [], areas: [] }
      : { all: false, sites: [...scope.siteIds], areas: [...scope.areaIds] },
    mustChangePassword: principal.mustChange,
    signedInAt: principal.signedInAt,
    sessionEndsAt: principal.endsAt,
    mqtt,
  }
}

export function meRoutes(app: App, context: Context): void {
  const { ports, now, memory } = context
  const tries = memory.throttle('own password', 5, 15 * 60_000)

  app.get(
    `${API_ROOT}/me`,
    {
      config: { access: selfWhileChanging },
      schema: {
        summary: '当前用户、角色和范围。 Who is signed in, with role and scope.',
        response: { 200: meSchema, ...errors },
        tags: ['session'],
      },
    },
    (request) => viewOf(principalOf(request), ports.mqtt.ports()),
  )

  app.post(
    `${API_ROOT}/password`,
    {
      config: { access: selfWhileChanging },
      schema: {
        summary: '修改自己的密码。 Changes one’s own password.',
        body: changePasswordSchema.strict(),
        response: { 200: meSchema, ...errors },
        tags: ['session'],
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { address } = request.from
      const { current, next } = request.body
      const verdict = await tries.take(principal.userId, now())
      if (!verdict.ok) throw new ApiError('rate_limited', { retryAfter: verdict.retryAfter })
      const user = await ports.records.users.get(principal.userId)
      if (user === null || !(await verifyPassword(user.passwordHash, current)))
        throw new ApiError('refused', { reason: 'wrong_password' }, '当前密码不正确。 The current password is wrong.')
      if (current === next)
        throw new ApiError(
          'refused',
          { reason: 'same_password' },
          '新密码不能与当前密码相同。 The new password is the old one.',
        )
      refusePassword(next, user.username, 'next')
      await tries.clear(principal.userId)
      const actor = actorOf(principal, address)
      await ports.registry.users.update(actor, user.id, { passwordHash: await hashPassword(next), mustChange: false })
      // Every session of the old password has ended, this one too: it goes on under a new id.
      let view = { ...viewOf(principal, ports.mqtt.ports()), mustChangePassword: false }
      if (principal.credential.type === 'session') {
        const endsAt = lastEnd(user.role, now())
        const id = await ports.records.sessions.begin(actor, endsAt, browserWords(request.headers['user-agent']))
        setSessionCookie(request, reply, id, Math.floor((endsAt - now()) / 1000))
        const renewed = await context.principals.resolve({ type: 'session', id }, 'request')
        if (renewed !== null) view = viewOf(renewed, ports.mqtt.ports())
      }
      await context.live.userChanged(user.id)
      return view
    },
  )
}
