// Devices: register, find, change, retire, and their tokens.
import { API_ROOT, pageOf } from '../../../contract/http/common.ts'
import {
  createDeviceSchema,
  createdDeviceSchema,
  deviceListQuerySchema,
  deviceSchema,
  deviceTokenSchema,
  updateDeviceSchema,
} from '../../../contract/http/devices.ts'
import type { Attributes, Device } from '../../../contract/http/devices.ts'
import type { KindName } from '../../../contract/kinds/kind.ts'
import type { LedgerDevice } from '../../../records/ledger.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { attributeIssues } from '../attributes.ts'
import { principalOf, subjectOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { invalid } from '../errors.ts'
import { NOTHING, errors, idParams } from './answers.ts'

function checkAttributes(kind: KindName, attributes: Attributes | undefined): void {
  const issues = attributeIssues(kind, attributes ?? {})
  if (issues.length > 0) throw invalid(issues.map((issue) => ({ ...issue, path: `attributes.${issue.path}` })))
}

export function deviceRoutes(app: App, { ports, live }: Context): void {
  const { devices } = ports.records
  const tags = ['devices']
  const present = (device: LedgerDevice): Device => ({ ...device, ...ports.presence.of(device.id) })

  app.get(
    `${API_ROOT}/devices`,
    {
      config: { access: role('devices:read', 'filtered') },
      schema: {
        summary: '按条件列出设备。 Lists devices that meet the conditions.',
        querystring: deviceListQuerySchema,
        response: { 200: pageOf(deviceSchema), ...errors },
        tags,
      },
    },
    async (request) => {
      const { online, ...query } = request.query
      const connected = online === undefined ? {} : { [online ? 'among' : 'except']: ports.presence.online() }
      const page = await devices.list(principalOf(request).scope, { ...query, ...connected })
      return { ...page, items: page.items.map(present) }
    },
  )

  app.get(
    `${API_ROOT}/devices/:id`,
    {
      config: { access: role('devices:read', 'device') },
      schema: { summary: '一台设备。 One device.', params: idParams, response: { 200: deviceSchema, ...errors }, tags },
    },
    (request) => present(subjectOf(request, 'device')),
  )

  app.post(
    `${API_ROOT}/devices`,
    {
      config: { access: role('devices:write', 'whole_hub') },
      schema: {
        summary: '登记设备；令牌只给出这一次。 Registers a device; its token is given out only now.',
        body: createDeviceSchema.strict(),
        response: { 201: createdDeviceSchema, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      checkAttributes(request.body.kind, request.body.attributes)
      const actor = actorOf(principalOf(request), request.from.address)
      const { device, token } = await ports.registry.devices.create(actor, request.body)
      return reply.code(201).send({ ...present(device), token })
    },
  )

  app.patch(
    `${API_ROOT}/devices/:id`,
    {
      config: { access: role('devices:write', 'device') },
      schema: {
        summary: '修改设备。 Changes a device.',
        params: idParams,
        body: updateDeviceSchema.strict(),
        response: { 200: deviceSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const before = subjectOf(request, 'device')
      const change = request.body
      checkAttributes(before.kind, change.attributes)
      const actor = actorOf(principalOf(request), request.from.address)
      const update = () => ports.registry.devices.update(actor, before.id, change)
      const moves = change.siteId !== undefined && change.siteId !== before.siteId
      return present(await (moves ? live.changingScope('everyone_with_places', update) : update()))
    },
  )

  app.delete(
    `${API_ROOT}/devices/:id`,
    {
      config: { access: role('devices:write', 'device') },
      schema: {
        summary: '删除设备；有未关闭的报警时拒绝。 Deletes a device; refused while it has open alarms.',
        params: idParams,
        response: { 204: NOTHING, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      await ports.registry.devices.delete(actorOf(principalOf(request), request.from.address), request.params.id)
      return reply.code(204).send()
    },
  )

  app.post(
    `${API_ROOT}/devices/:id/token`,
    {
      config: { access: role('devices:write', 'device') },
      schema: {
        summary: '换发令牌，旧的立即失效。 Gives a new token; the old one stops working at once.',
        params: idParams,
        response: { 200: deviceTokenSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const { id } = request.params
      const token = await ports.registry.devices.newToken(actorOf(principalOf(request), request.from.address), id)
      return { id, token }
    },
  )
}
