// Sign-in, sign-out, and the set-up of the first administrator.
import { createHash, timingSafeEqual } from 'node:crypto'
import { API_ROOT } from '../../../contract/http/common.ts'
import { meSchema, setupSchema, signInSchema } from '../../../contract/http/people.ts'
import type { Me } from '../../../contract/http/people.ts'
import type { UserRecord } from '../../../records/ledger.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { anyone, selfWhileChanging } from '../access.ts'
import type { App, Context } from '../app.ts'
import { clearSessionCookie, setSessionCookie } from '../auth/credentials.ts'
import { principalOf } from '../auth/guard.ts'
import { hashPassword, verifyPassword } from '../auth/passwords.ts'
import { actorOf } from '../auth/principal.ts'
import { lastEnd } from '../auth/session-ends.ts'
import { Throttle } from '../auth/throttle.ts'
import { ApiError } from '../errors.ts'
import { NOTHING, errors } from './answers.ts'
import { viewOf } from './me.ts'

const MINUTE = 60_000
/** Tries an account in 15 minutes, tries an address in one. The first never signs out who is in: it only stops guessing. */
const ACCOUNT_TRIES = 5
const ACCOUNT_WINDOW = 15 * MINUTE
const ADDRESS_TRIES = 20

const FIRST_ADMIN = 'admin'

const WRONG = '用户名或密码不正确。 Wrong user name or password.'
const LOCKED =
  '尝试次数过多，请稍后再试；已登录的值班台不受影响。 Too many tries; come back later. Who is signed in stays signed in.'

export function sessionRoutes(app: App, context: Context): void {
  const { ports, options, now, metrics } = context
  const accounts = new Throttle(ACCOUNT_TRIES, ACCOUNT_WINDOW)
  const addresses = new Throttle(ADDRESS_TRIES, MINUTE)

  const takeTry = (throttle: Throttle, key: string) => {
    const { ok, retryAfter } = throttle.take(key, now())
    if (ok) return
    metrics.signIns.inc({ outcome: 'throttled' })
    throw new ApiError('rate_limited', { retryAfter }, LOCKED)
  }

  /** Begins a session under a new id, whatever cookie came with the call. */
  async function begin(request: FastifyRequest, reply: FastifyReply, user: UserRecord): Promise<Me> {
    const at = now()
    const endsAt = lastEnd(user.role, at)
    const actor = { userId: user.id, name: user.name, address: request.from.address }
    const id = await ports.records.sessions.begin(actor, endsAt)
    const principal = await context.principals.resolve({ type: 'session', id }, 'request')
    if (principal === null) throw new ApiError('unauthorized')
    setSessionCookie(request, reply, id, Math.floor((endsAt - at) / 1000))
    return viewOf(principal, ports.mqtt.ports())
  }

  app.post(
    `${API_ROOT}/session`,
    {
      config: { access: anyone('this is where one signs in') },
      schema: {
        summary: '登录。 Signs in.',
        body: signInSchema.strict(),
        response: { 200: meSchema, ...errors },
        tags: ['session'],
      },
    },
    async (request, reply) => {
      const { username, password } = request.body
      const { address } = request.from
      takeTry(addresses, address)
      takeTry(accounts, username)
      const user = await ports.records.users.byUsername(username)
      const may = user !== null && !user.disabled
      if (!(await verifyPassword(may ? user.passwordHash : null, password)) || !may) {
        metrics.signIns.inc({ outcome: 'refused' })
        // The name that was typed is not kept: people type their password there.
        await ports.records.audit.record(
          { userId: user?.id ?? 'unknown', address },
          'session.refused',
          user?.id ?? 'unknown',
        )
        throw new ApiError('unauthorized', undefined, WRONG)
      }
      accounts.clear(username)
      metrics.signIns.inc({ outcome: 'ok' })
      return begin(request, reply, user)
    },
  )

  app.delete(
    `${API_ROOT}/session`,
    {
      config: { access: selfWhileChanging },
      schema: { summary: '退出登录。 Signs out.', response: { 204: NOTHING, ...errors }, tags: ['session'] },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      if (principal.credential.type !== 'session')
        throw new ApiError(
          'refused',
          { reason: 'bearer_token' },
          '令牌请在令牌页吊销。 Revoke a token where tokens are listed.',
        )
      await ports.records.sessions.end(actorOf(principal, request.from.address), principal.credential.id)
      await context.live.userChanged(principal.userId)
      clearSessionCookie(request, reply)
      return reply.code(204).send()
    },
  )

  app.post(
    `${API_ROOT}/setup`,
    {
      config: { access: anyone('there is no user yet; the printed code is the credential') },
      schema: {
        summary: '用首次启动的链接设置管理员。 Makes the administrator with the link of the first start.',
        body: setupSchema.strict(),
        response: { 201: meSchema, ...errors },
        tags: ['session'],
      },
    },
    async (request, reply) => {
      const { address } = request.from
      takeTry(addresses, address)
      if (options.setupCode === null || (await ports.records.users.count()) > 0)
        throw new ApiError(
          'refused',
          { reason: 'already_set_up' },
          '已完成初始设置，请直接登录。 Already set up: sign in.',
        )
      if (!sameSecret(request.body.code, options.setupCode))
        throw new ApiError('unauthorized', undefined, '设置链接无效。 This set-up link is not valid.')
      const user = await ports.registry.users.create(
        { userId: 'setup', name: 'setup', address },
        {
          username: FIRST_ADMIN,
          name: '管理员',
          role: 'admin',
          passwordHash: await hashPassword(request.body.password),
          mustChange: false,
        },
      )
      const record = await ports.records.users.get(user.id)
      if (record === null) throw new ApiError('internal')
      return reply.code(201).send(await begin(request, reply, record))
    },
  )
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
/** In constant time, whatever the lengths. */
const sameSecret = (given: string, secret: string): boolean => timingSafeEqual(digest(given), digest(secret))
