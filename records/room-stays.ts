// Which device stands in which room. A stay that is over is kept: a month's electricity belongs to the rooms where the meters
// were then.
import { LedgerError } from './errors.ts'
import type { Transacting } from './store.ts'

/** Puts a device into a room of its own site, or out of any. */
export async function placeInRoom(
  trx: Transacting,
  device: { readonly id: string; readonly kind: string; readonly siteId: string | null },
  roomId: string | null,
  now: number,
): Promise<void> {
  if (roomId !== null) {
    const room = await trx.selectFrom('room').select('site_id').where('id', '=', roomId).executeTakeFirst()
    if (room === undefined || room.site_id !== device.siteId) {
      const text = { zh: '设备所在场所没有这个房间。', en: 'The device’s site has no such room.' }
      throw new LedgerError('invalid', text, { field: 'roomId' })
    }
  }
  const current = await trx
    .selectFrom('room_stay')
    .select('room_id')
    .where('device_id', '=', device.id)
    .where('until', 'is', null)
    .executeTakeFirst()
  if ((current?.room_id ?? null) === roomId) return
  await leaveRoom(trx, device.id, now)
  if (roomId === null) return
  const stay = { device_id: device.id, room_id: roomId, kind: device.kind, since: now, until: null }
  await trx.insertInto('room_stay').values(stay).execute()
}

/** It stands in no room any more. */
export async function leaveRoom(trx: Transacting, deviceId: string, now: number): Promise<void> {
  await trx
    .updateTable('room_stay')
    .set({ until: now })
    .where('device_id', '=', deviceId)
    .where('until', 'is', null)
    .execute()
}

/** It stands at the site no more: in none of its rooms, on none of its plans. */
export async function leaveSite(trx: Transacting, deviceId: string, now: number): Promise<void> {
  await leaveRoom(trx, deviceId, now)
  await trx.deleteFrom('plan_pin').where('device_id', '=', deviceId).execute()
}
