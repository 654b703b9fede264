// One's own telephones: where messages go, a trial, and the receipts that the telephone gives.
import * as z from 'zod'
import { API_ROOT } from '../../../contract/http/common.ts'
import {
  pushReceivedSchema,
  pushStateSchema,
  pushSubscriptionSchema,
  pushUnsubscriptionSchema,
} from '../../../contract/http/push.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { ApiError } from '../errors.ts'
import { NOTHING, errors } from './answers.ts'

export function pushRoutes(app: App, { ports, now }: Context): void {
  const access = role('push:subscribe', 'placeless')
  const tags = ['push']
  const { push: telephones } = ports.records

  app.get(
    `${API_ROOT}/push`,
    {
      config: { access },
      schema: {
        summary:
          '推送的公钥，以及自己手机的发送与到达数。 The hub’s key for push, and what one’s own telephones were sent.',
        response: { 200: pushStateSchema, ...errors },
        tags,
      },
    },
    async (request) => ({
      key: ports.push.publicKey,
      ...(await telephones.figures(principalOf(request).userId, now())),
    }),
  )

  app.post(
    `${API_ROOT}/push/subscriptions`,
    {
      config: { access },
      schema: {
        summary: '本机接收推送，直到退出登录。 This telephone takes messages until its sign-in ends.',
        body: pushSubscriptionSchema.strict(),
        response: { 204: NOTHING, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      if (principal.credential.type !== 'session')
        throw new ApiError('refused', { reason: 'bearer_token' }, '令牌不能接收推送。 A bearer token has no telephone.')
      const { endpoint, keys, language } = request.body
      if (!ports.push.accepts(endpoint))
        throw new ApiError('invalid', { field: 'endpoint' }, '推送地址不可用。 This endpoint cannot be used.')
      const actor = actorOf(principal, request.from.address)
      await telephones.subscribe(actor, principal.credential.id, { endpoint, ...keys, language })
      return reply.code(204).send()
    },
  )

  app.delete(
    `${API_ROOT}/push/subscriptions`,
    {
      config: { access },
      schema: {
        summary: '本机不再接收推送。 This telephone takes no more messages.',
        body: pushUnsubscriptionSchema.strict(),
        response: { 204: NOTHING, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      await telephones.unsubscribe(actorOf(principalOf(request), request.from.address), request.body.endpoint)
      return reply.code(204).send()
    },
  )

  app.post(
    `${API_ROOT}/push/trial`,
    {
      config: { access },
      schema: {
        summary: '向自己的手机发一条试验通知。 Sends a trial to one’s own telephones.',
        response: { 200: z.object({ telephones: z.number().int() }), ...errors },
        tags,
      },
    },
    async (request) => ({ telephones: await ports.push.trial(principalOf(request).userId) }),
  )

  app.post(
    `${API_ROOT}/push/received`,
    {
      config: { access },
      schema: {
        summary: '手机回执：通知已到。 The telephone’s receipt: a message has come.',
        body: pushReceivedSchema.strict(),
        response: { 204: NOTHING, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      if (!(await telephones.received(principalOf(request).userId, request.body.id, now())))
        throw new ApiError('not_found')
      return reply.code(204).send()
    },
  )
}
