// Checklists of moving in and out. What the hub knows of a device it says itself; a person adds what they saw.
import { API_ROOT, pageOf, pageQuerySchema } from '../../../contract/http/common.ts'
import { checklistDraftSchema, checklistSchema, createChecklistSchema } from '../../../contract/http/rentals.ts'
import type { DeviceFinding } from '../../../contract/http/rentals.ts'
import type { Scope } from '../../../records/scope.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { errors, idParams } from './answers.ts'

/** Devices on one list; a room has a handful. */
const MOST_DEVICES = 100
/** A self-test tells of the device of today, ms. */
const SELF_TEST_COUNTS = 86_400_000
/** Events and commands looked through for it. */
const EVENTS = 500
const COMMANDS = 50

export function roomChecklistRoutes(app: App, { ports, now }: Context): void {
  const { checklists, devices, commands } = ports.records
  const tags = ['rentals']

  async function findings(scope: Scope, roomId: string): Promise<DeviceFinding[]> {
    const { items } = await devices.list(scope, { roomId, limit: MOST_DEVICES })
    return Promise.all(
      items.map(async ({ id, name, kind }) => {
        const presence = ports.presence.of(id)
        return { deviceId: id, name, kind, ...presence, selfTest: await newestSelfTest(scope, id) }
      }),
    )
  }

  /** What the device told; else what it answered when it was asked to test itself. */
  async function newestSelfTest(scope: Scope, deviceId: string): Promise<DeviceFinding['selfTest']> {
    const at = now()
    const from = at - SELF_TEST_COUNTS
    const events = await ports.readings.events({ deviceId, from, to: at, limit: EVENTS })
    const told = events.find(({ type, name }) => type === 'event' && name === 'self_test')
    if (told !== undefined) return { at: told.ts, passed: told.data['ok'] === true }
    const { items } = await commands.list(scope, deviceId, { limit: COMMANDS })
    const asked = items.find(({ name, repliedAt }) => name === 'self_test' && repliedAt !== null && repliedAt >= from)
    if (asked === undefined || asked.repliedAt === null) return null
    return { at: asked.repliedAt, passed: asked.state === 'done' && asked.result?.['ok'] === true }
  }

  app.get(
    `${API_ROOT}/rooms/:id/checklists`,
    {
      config: { access: role('leases:read', 'room') },
      schema: {
        summary: '房间的入住、退租检查单，最新的在前。 The checklists of a room, the newest first.',
        params: idParams,
        querystring: pageQuerySchema.strict(),
        response: { 200: pageOf(checklistSchema), ...errors },
        tags,
      },
    },
    (request) => checklists.list(principalOf(request).scope, request.params.id, request.query),
  )

  app.get(
    `${API_ROOT}/rooms/:id/checklists/draft`,
    {
      config: { access: role('rooms:write', 'room') },
      schema: {
        summary: '现在填检查单时，系统已知的设备情况。 What the hub knows now of the devices on a checklist.',
        params: idParams,
        response: { 200: checklistDraftSchema, ...errors },
        tags,
      },
    },
    async (request) => ({ devices: await findings(principalOf(request).scope, request.params.id) }),
  )

  app.post(
    `${API_ROOT}/rooms/:id/checklists`,
    {
      config: { access: role('rooms:write', 'room') },
      schema: {
        summary:
          '保存检查单；设备是否在线、自检结果由系统写入。 Saves a checklist; the hub itself writes what it knows of the devices.',
        params: idParams,
        body: createChecklistSchema,
        response: { 201: checklistSchema, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { type, devices: said, items } = request.body
      const words = new Map(said.map((one) => [one.deviceId, one]))
      const found = await findings(principal.scope, request.params.id)
      const checklist = await ports.registry.checklists.add(
        actorOf(principal, request.from.address),
        request.params.id,
        {
          type,
          items,
          devices: found.map((device) => {
            const { byHand = false, note = '' } = words.get(device.deviceId) ?? {}
            return { ...device, byHand, note }
          }),
        },
      )
      return reply.code(201).send(checklist)
    },
  )
}
