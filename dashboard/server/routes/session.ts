// Sign-in, sign-out, and the set-up of the first administrator.
import { createHash, timingSafeEqual } from 'node:crypto'
import { API_ROOT } from '../../../contract/http/common.ts'
import { meSchema, setupSchema, signInSchema } from '../../../contract/http/people.ts'
import type { Me } from '../../../contract/http/people.ts'
import type { UserRecord } from '../../../records/ledger.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { anyone, selfWhileChanging } from '../access.ts'
import type { App, Context } from '../app.ts'
import { browserWords } from '../auth/browser-words.ts'
import {
  clearSessionCookie,
  credentialOf,
  knownBrowserOf,
  setKnownBrowser,
  setSessionCookie,
} from '../auth/credentials.ts'
import { principalOf } from '../auth/guard.ts'
import { refusePassword } from '../auth/password-policy.ts'
import { hashPassword, verifyPassword } from '../auth/passwords.ts'
import { actorOf } from '../auth/principal.ts'
import { takesCode } from '../auth/second-factor.ts'
import { lastEnd } from '../auth/session-ends.ts'
import { SignInThrottle, groupOf } from '../auth/sign-in-throttle.ts'
import type { Trier } from '../auth/sign-in-throttle.ts'
import type { Verdict } from '../auth/guard-memory.ts'
import { ApiError } from '../errors.ts'
import { NOTHING, errors } from './answers.ts'
import { viewOf } from './me.ts'

/** Tries of an address to set the hub up, in a minute. */
const SETUP_TRIES = 20

const FIRST_ADMIN = 'admin'

const WRONG = '用户名或密码不正确。 Wrong user name or password.'
const CODE_REQUIRED =
  '请输入验证器上的 6 位动态码，或一个恢复码。 Enter the code of your authenticator, or a recovery code.'
const CODE_WRONG = '动态码不对或已用过，请等下一个码再试。 The code is wrong or was used already; try the next one.'
const LOCKED =
  '尝试次数过多，请稍后再试；已登录的值班台不受影响。 Too many tries; come back later. Who is signed in stays signed in.'

export function sessionRoutes(app: App, context: Context): void {
  const { ports, options, now, metrics, memory } = context
  const throttle = new SignInThrottle(memory)
  const setups = memory.throttle('set-up', SETUP_TRIES, 60_000)
  const { users, secondFactors, knownBrowsers, audit } = ports.records

  const pass = ({ ok, retryAfter }: Verdict) => {
    if (ok) return
    metrics.signIns.inc({ outcome: 'throttled' })
    throw new ApiError('rate_limited', { retryAfter }, LOCKED)
  }

  /** Begins a session under a new id, whatever cookie came with the call, in a browser that is known from now on. */
  async function begin(request: FastifyRequest, reply: FastifyReply, user: UserRecord): Promise<Me> {
    const at = now()
    const endsAt = lastEnd(user.role, at)
    const actor = { userId: user.id, name: user.name, address: request.from.address }
    const id = await ports.records.sessions.begin(actor, endsAt, browserWords(request.headers['user-agent']))
    const principal = await context.principals.resolve({ type: 'session', id }, 'request')
    if (principal === null) throw new ApiError('unauthorized')
    setSessionCookie(request, reply, id, Math.floor((endsAt - at) / 1000))
    setKnownBrowser(request, reply, await knownBrowsers.remember(knownBrowserOf(request), user.id))
    return viewOf(principal, ports.mqtt.ports())
  }

  /** What this browser is known by for that account; the same work for an account that nobody has. */
  async function knownAs(request: FastifyRequest, user: UserRecord | null): Promise<string | null> {
    const userId = user?.id ?? ''
    const secret = knownBrowserOf(request)
    if (secret !== null && (await knownBrowsers.knows(secret, userId))) return `browser ${secret}`
    const credential = credentialOf(undefined, request.cookies, request.from.secure)
    if (credential?.type !== 'session') return null
    const open = await ports.records.sessions.find(credential.id, now())
    return open?.user.id === userId ? `session ${credential.id}` : null
  }

  /** Refuses, and writes it down. The name that was typed is not kept: people type their password there. */
  async function refuse(user: UserRecord | null, address: string, refusal: ApiError): Promise<never> {
    metrics.signIns.inc({ outcome: 'refused' })
    const [actor, subject] = user === null ? ['unknown', 'unknown'] : [user.id, `user:${user.id}`]
    await audit.record({ userId: actor, address }, 'session.refused', subject)
    throw refusal
  }

  /** Asked only after a right password: who does not know it does not learn whether there is a second factor. */
  async function passSecondFactor(user: UserRecord, trier: Trier, code: string | undefined): Promise<void> {
    const factor = user.secondFactor ? await secondFactors.of(user.id) : null
    if (factor === null) return
    if (code === undefined) throw new ApiError('unauthorized', { reason: 'code_required' }, CODE_REQUIRED)
    pass(await throttle.takeCode(trier, now()))
    const actor = { userId: user.id, name: user.name, address: trier.address }
    if (!(await takesCode(secondFactors, actor, factor.secret, code, now())))
      return refuse(user, trier.address, new ApiError('unauthorized', { reason: 'code_wrong' }, CODE_WRONG))
    await throttle.codeRight(trier)
  }

  app.post(
    `${API_ROOT}/session`,
    {
      config: { access: anyone('this is where one signs in') },
      schema: {
        summary:
          '登录；开启了两步验证的再带动态码。 Signs in; with a code where a second factor is on (401, reason code_required).',
        body: signInSchema.strict(),
        response: { 200: meSchema, ...errors },
        tags: ['session'],
      },
    },
    async (request, reply) => {
      const { username, password, code } = request.body
      const { address } = request.from
      const user = await users.byUsername(username)
      const trier: Trier = { username, address, known: await knownAs(request, user) }
      pass(await throttle.takeAddress(trier, now()))
      pass(await throttle.takePassword(trier, now()))
      const may = user !== null && !user.disabled
      if (!(await verifyPassword(may ? user.passwordHash : null, password)) || !may)
        return refuse(user, address, new ApiError('unauthorized', undefined, WRONG))
      await throttle.passwordRight(trier)
      await passSecondFactor(user, trier, code)
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
      pass(await setups.take(groupOf(address), now()))
      if (options.setupCode === null || (await ports.records.users.count()) > 0)
        throw new ApiError(
          'refused',
          { reason: 'already_set_up' },
          '已完成初始设置，请直接登录。 Already set up: sign in.',
        )
      if (!sameSecret(request.body.code, options.setupCode))
        throw new ApiError('unauthorized', undefined, '设置链接无效。 This set-up link is not valid.')
      refusePassword(request.body.password, FIRST_ADMIN, 'password')
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
