// Rooms of a house: one by one, or a building at once; and which devices stand in them.
import { API_ROOT, pageOf } from '../../../contract/http/common.ts'
import {
  createBuildingSchema,
  createdBuildingSchema,
  createRoomSchema,
  roomDevicesSchema,
  roomListQuerySchema,
  roomSchema,
  updateRoomSchema,
} from '../../../contract/http/rentals.ts'
import type { Room } from '../../../contract/http/rentals.ts'
import { roleMay } from '../../../contract/roles.ts'
import { roomsOf } from '../../../contract/room-numbers.ts'
import { keyOf } from '../../../records/rooms.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf, subjectOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import type { Principal } from '../auth/principal.ts'
import { invalid } from '../errors.ts'
import { errors, idParams, NOTHING } from './answers.ts'

const LARGEST_ROOM_LIST = 100

/** Who lives there is told to those alone who may see leases, and masked. */
export function roomFor(principal: Pick<Principal, 'role'>, room: Room): Room {
  if (roleMay(principal.role, 'leases:read')) return room
  const { lease: _, ...rest } = room
  return rest
}

export function roomRoutes(app: App, { ports }: Context): void {
  const { rooms, devices } = ports.records
  const { registry } = ports
  const tags = ['rentals']

  app.get(
    `${API_ROOT}/sites/:id/rooms`,
    {
      config: { access: role('rooms:read', 'site') },
      schema: {
        summary: '一个场所的房间，租客脱敏。 The rooms of a site; tenants are masked.',
        params: idParams,
        querystring: roomListQuerySchema.strict(),
        response: { 200: pageOf(roomSchema), ...errors },
        tags,
      },
    },
    async (request) => {
      const principal = principalOf(request)
      const page = await rooms.list(principal.scope, request.params.id, request.query)
      return { ...page, items: page.items.map((room) => roomFor(principal, room)) }
    },
  )

  app.post(
    `${API_ROOT}/sites/:id/rooms`,
    {
      config: { access: role('rooms:write', 'site') },
      schema: {
        summary: '新建一个房间。 Creates a room.',
        params: idParams,
        body: createRoomSchema.strict(),
        response: { 201: roomSchema, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const room = await registry.rooms.create(
        actorOf(principal, request.from.address),
        request.params.id,
        request.body,
      )
      return reply.code(201).send(roomFor(principal, room))
    },
  )

  app.post(
    `${API_ROOT}/sites/:id/rooms/bulk`,
    {
      config: { access: role('rooms:write', 'site') },
      schema: {
        summary:
          '按楼层和编号规则批量新建房间；preview 只看不建。 Creates the rooms of a building by floors and a numbering; preview makes nothing.',
        params: idParams,
        body: createBuildingSchema.strict(),
        response: { 200: createdBuildingSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const { preview, floors, perFloor, first, pattern, building, ...figures } = request.body
      const { id } = request.params
      const numbered = roomsOf({ building, floors, perFloor, first, pattern })
      const there = preview
        ? await rooms.taken(id, numbered)
        : await registry.rooms.createMany(
            actorOf(principalOf(request), request.from.address),
            id,
            numbered.map((room) => ({ ...room, ...figures })),
          )
      const taken = new Set(there.map(keyOf))
      return {
        rooms: numbered.map((room) => ({ ...room, taken: taken.has(keyOf(room)) })),
        created: preview ? 0 : numbered.length - taken.size,
      }
    },
  )

  app.get(
    `${API_ROOT}/rooms/:id`,
    {
      config: { access: role('rooms:read', 'room') },
      schema: { summary: '一个房间。 One room.', params: idParams, response: { 200: roomSchema, ...errors }, tags },
    },
    (request) => roomFor(principalOf(request), subjectOf(request, 'room')),
  )

  app.patch(
    `${API_ROOT}/rooms/:id`,
    {
      config: { access: role('rooms:write', 'room') },
      schema: {
        summary: '修改房间。 Changes a room.',
        params: idParams,
        body: updateRoomSchema.strict(),
        response: { 200: roomSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const principal = principalOf(request)
      const actor = actorOf(principal, request.from.address)
      return roomFor(principal, await registry.rooms.update(actor, request.params.id, request.body))
    },
  )

  app.delete(
    `${API_ROOT}/rooms/:id`,
    {
      config: { access: role('rooms:write', 'room') },
      schema: {
        summary: '删除没有租客也没有设备的房间。 Deletes a room in which nobody lives and no device stands.',
        params: idParams,
        response: { 204: NOTHING, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      await registry.rooms.delete(actorOf(principalOf(request), request.from.address), request.params.id)
      return reply.code(204).send()
    },
  )

  app.put(
    `${API_ROOT}/rooms/:id/devices`,
    {
      config: { access: role('rooms:write', 'room') },
      schema: {
        summary: '设定房间里有哪些设备，须是本场所的。 Says which devices of the site stand in the room.',
        params: idParams,
        body: roomDevicesSchema.strict(),
        response: { 200: roomSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const principal = principalOf(request)
      const actor = actorOf(principal, request.from.address)
      const { id: roomId } = request.params
      const wanted = new Set(request.body.deviceIds)
      // What is outside the scope is answered as what is not there at all.
      for (const id of wanted) {
        const device = await devices.get(principal.scope, id)
        if (device?.siteId !== subjectOf(request, 'room').siteId)
          throw invalid([{ path: 'deviceIds', message: `${id} is not of this site` }])
      }
      const now = await devices.list(principal.scope, { roomId, limit: LARGEST_ROOM_LIST })
      for (const { id } of now.items) {
        if (!wanted.delete(id)) await registry.devices.update(actor, id, { roomId: null })
      }
      for (const id of wanted) await registry.devices.update(actor, id, { roomId })
      return roomFor(principal, (await rooms.get(principal.scope, roomId)) ?? subjectOf(request, 'room'))
    },
  )
}
