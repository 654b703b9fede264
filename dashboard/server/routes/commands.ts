// Commands to devices, and the password once more before a telephone sends one.
import { commandSchema, confirmedSchema, confirmSchema, sendCommandSchema } from '../../../contract/http/commands.ts'
import type { CommandRefusal } from '../../../contract/http/commands.ts'
import { API_ROOT, pageOf, pageQuerySchema } from '../../../contract/http/common.ts'
import { role, self } from '../access.ts'
import type { App, Context } from '../app.ts'
import { Confirmations } from '../auth/confirmations.ts'
import { principalOf, subjectOf } from '../auth/guard.ts'
import { verifyPassword } from '../auth/passwords.ts'
import { actorOf } from '../auth/principal.ts'
import { ApiError } from '../errors.ts'
import { errors, idParams } from './answers.ts'

/** Tries of a password that is asked for in place. */
const TRIES = 5
const TRIES_WINDOW = 15 * 60_000

/** Every one says that nothing was sent, and none of them is sent later. */
const REFUSED: Record<CommandRefusal, string> = {
  unknown_command: '这类设备没有这条命令，没有下发。 This kind of device has no such command; nothing was sent.',
  not_offered:
    '这条命令会改变现场状态，本平台目前不下发；请到现场操作。 This command moves something on site; the hub does not send it yet. Nothing was sent.',
  args_out_of_range: '参数缺失或超出范围，没有下发。 An argument is missing or out of range; nothing was sent.',
  retired: '设备已停用报废，没有下发。 The device is retired; nothing was sent.',
  not_authorised:
    '没有产权人同意远程消音的记录，没有下发。 No authorisation by the owner for remote mute is on record; nothing was sent.',
  not_connected: '设备不在线，没有下发，也不会补发。 The device is not connected; nothing was sent, nothing is kept.',
  not_listening:
    '设备在线，但没有订阅命令，没有下发。 The device is connected but does not listen for commands; nothing was sent.',
  under_way: '同一命令还在执行，请等它结束。 The same command is under way; wait until it has ended.',
  confirm_password: '请再输入一次密码，然后重新下发。 Give your password once more, then send again.',
}

const refused = (reason: CommandRefusal, details: Readonly<Record<string, unknown>> = {}): ApiError =>
  new ApiError('refused', { reason, ...details }, REFUSED[reason])

export function commandRoutes(app: App, { ports, now, memory }: Context): void {
  const tags = ['commands']
  const confirmations = new Confirmations(memory)
  const tries = memory.throttle('password again', TRIES, TRIES_WINDOW)

  app.post(
    `${API_ROOT}/devices/:id/commands`,
    {
      config: { access: role('devices:command', 'device') },
      schema: {
        summary:
          '向在线设备下发一条命令（自检、远程消音、定位）；不在线即拒绝，绝不补发。 Sends a command to a connected device (self-test, mute, locate); refused when it is not there, never sent later.',
        params: idParams,
        body: sendCommandSchema.strict(),
        response: { 201: commandSchema, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { id: deviceId } = subjectOf(request, 'device')
      const until = await confirmations.until(principal)
      if (until !== null && until <= now()) throw refused('confirm_password')
      const { name, args = {}, reason } = request.body
      const actor = actorOf(principal, request.from.address)
      const outcome = await ports.commands.request(actor, { deviceId, name, args, reason })
      if (!outcome.ok) throw refused(outcome.refusal, outcome.wrongArgs.length > 0 ? { args: outcome.wrongArgs } : {})
      return reply.code(201).send(outcome.command)
    },
  )

  app.get(
    `${API_ROOT}/devices/:id/commands`,
    {
      config: { access: role('devices:read', 'device') },
      schema: {
        summary: '设备的命令记录，最新的在前。 The commands of a device, newest first.',
        params: idParams,
        querystring: pageQuerySchema,
        response: { 200: pageOf(commandSchema), ...errors },
        tags,
      },
    },
    (request) =>
      ports.records.commands.list(principalOf(request).scope, subjectOf(request, 'device').id, request.query),
  )

  app.post(
    `${API_ROOT}/session/confirm`,
    {
      config: { access: self },
      schema: {
        summary: '再次确认密码，之后一段时间内可下发命令。 Gives the password again; commands are taken for a while.',
        body: confirmSchema.strict(),
        response: { 200: confirmedSchema, ...errors },
        tags: ['session'],
      },
    },
    async (request) => {
      const principal = principalOf(request)
      const verdict = await tries.take(principal.userId, now())
      if (!verdict.ok) throw new ApiError('rate_limited', { retryAfter: verdict.retryAfter })
      const user = await ports.records.users.get(principal.userId)
      if (user === null || !(await verifyPassword(user.passwordHash, request.body.password)))
        throw new ApiError('refused', { reason: 'wrong_password' }, '密码不正确。 The password is wrong.')
      await tries.clear(principal.userId)
      await confirmations.confirm(principal, now())
      return { until: await confirmations.until(principal) }
    },
  )
}
