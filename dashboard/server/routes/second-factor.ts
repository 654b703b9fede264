// One's own second factor: begun with the password, in force once a first code has proved it, ended with password and code.
import { API_ROOT } from '../../../contract/http/common.ts'
import {
  beginSecondFactorSchema,
  confirmSecondFactorSchema,
  endSecondFactorSchema,
  recoveryCodesSchema,
  secondFactorOfferSchema,
  secondFactorSchema,
} from '../../../contract/http/sign-in.ts'
import { role, self } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { verifyPassword } from '../auth/passwords.ts'
import { actorOf } from '../auth/principal.ts'
import type { Principal } from '../auth/principal.ts'
import { takesCode } from '../auth/second-factor.ts'
import { newRecoveryCodes, newTotpSecret, stepOfCode, totpUri } from '../auth/totp.ts'
import { ApiError } from '../errors.ts'
import { NOTHING, errors, idParams } from './answers.ts'

/** A secret that was never confirmed is not offered to be confirmed for ever, ms. */
const OFFERED_MS = 30 * 60_000

const NOTHING_BEGUN = '请先重新开始开启两步验证。 Begin to turn the second factor on first.'
const CODE_WRONG =
  '动态码不对；请核对手机时间后输入最新的码。 The code is wrong; check the phone’s clock and enter the newest.'

export function secondFactorRoutes(app: App, { ports, now, memory }: Context): void {
  const { secondFactors, users } = ports.records
  const tags = ['session']
  const tries = memory.throttle('second factor', 5, 15 * 60_000)

  async function takeTry(principal: Principal): Promise<void> {
    const verdict = await tries.take(principal.userId, now())
    if (!verdict.ok) throw new ApiError('rate_limited', { retryAfter: verdict.retryAfter })
  }

  /** A page left open, or a stolen session, does not change how its owner signs in. */
  async function proveSelf(principal: Principal, password: string): Promise<void> {
    if (principal.credential.type === 'token') throw new ApiError('forbidden', { reason: 'bearer_token' })
    await takeTry(principal)
    const user = await users.get(principal.userId)
    if (!(await verifyPassword(user?.passwordHash ?? null, password)))
      throw new ApiError('refused', { reason: 'wrong_password' }, '密码不正确。 The password is wrong.')
    await tries.clear(principal.userId)
  }

  app.get(
    `${API_ROOT}/second-factor`,
    {
      config: { access: self },
      schema: {
        summary: '自己的两步验证是否开启。 Whether one’s own second factor is on.',
        response: { 200: secondFactorSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const factor = await secondFactors.of(principalOf(request).userId)
      const inForce = factor?.confirmedAt ?? null
      return { since: inForce, recoveryCodesLeft: inForce === null ? 0 : (factor?.recoveryCodesLeft ?? 0) }
    },
  )

  app.post(
    `${API_ROOT}/second-factor`,
    {
      config: { access: self },
      schema: {
        summary: '开始开启两步验证：给出密钥。 Begins to turn the second factor on: gives its secret.',
        body: beginSecondFactorSchema.strict(),
        response: { 201: secondFactorOfferSchema, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      await proveSelf(principal, request.body.password)
      const secret = newTotpSecret()
      await secondFactors.begin(actorOf(principal, request.from.address), secret)
      return reply.code(201).send({ secret, uri: totpUri(secret, principal.username) })
    },
  )

  app.post(
    `${API_ROOT}/second-factor/confirm`,
    {
      config: { access: self },
      schema: {
        summary:
          '输入第一个动态码即开启，并给出恢复码。 Turns it on with a first code, and gives the recovery codes, this once.',
        body: confirmSecondFactorSchema.strict(),
        response: { 200: recoveryCodesSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const principal = principalOf(request)
      const factor = await secondFactors.of(principal.userId)
      if (factor === null || (factor.confirmedAt === null && factor.createdAt < now() - OFFERED_MS))
        throw new ApiError('refused', { reason: 'not_begun' }, NOTHING_BEGUN)
      await takeTry(principal)
      const step = stepOfCode(factor.secret, request.body.code, now())
      if (step === null) throw new ApiError('refused', { reason: 'code_wrong' }, CODE_WRONG)
      const codes = newRecoveryCodes()
      await secondFactors.confirm(actorOf(principal, request.from.address), step, codes)
      await tries.clear(principal.userId)
      return { codes }
    },
  )

  app.post(
    `${API_ROOT}/second-factor/end`,
    {
      config: { access: self },
      schema: {
        summary: '关闭两步验证，需密码和动态码。 Turns the second factor off, with password and code.',
        body: endSecondFactorSchema.strict(),
        response: { 204: NOTHING, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const actor = actorOf(principal, request.from.address)
      await proveSelf(principal, request.body.password)
      const factor = await secondFactors.of(principal.userId)
      if (factor === null) throw new ApiError('not_found')
      await takeTry(principal)
      if (
        factor.confirmedAt !== null &&
        !(await takesCode(secondFactors, actor, factor.secret, request.body.code, now()))
      )
        throw new ApiError('refused', { reason: 'code_wrong' }, CODE_WRONG)
      await tries.clear(principal.userId)
      await secondFactors.remove(actor, principal.userId)
      return reply.code(204).send()
    },
  )

  app.delete(
    `${API_ROOT}/users/:id/second-factor`,
    {
      config: { access: role('users:write', 'whole_hub') },
      schema: {
        summary:
          '重置某人的两步验证（手机丢失时），记入审计。 Takes somebody’s second factor away, when the phone is lost; audited.',
        params: idParams,
        response: { 204: NOTHING, ...errors },
        tags: ['users'],
      },
    },
    async (request, reply) => {
      const actor = actorOf(principalOf(request), request.from.address)
      if (!(await secondFactors.remove(actor, request.params.id))) throw new ApiError('not_found')
      return reply.code(204).send()
    },
  )
}
