// What an office enters over weeks, entered in the background while the story has begun: nobody waits for it.
import type { Registry } from '../registry.ts'
import type { County } from './county.ts'
import type { CountyDevice } from './inventory.ts'
import { ROOM_CIRCUIT } from './inventory.ts'
import { houseNumberOf, householdOf, profileOf } from './households.ts'

export interface Furnishing {
  readonly county: County
  /** Those that were registered. */
  readonly devices: readonly CountyDevice[]
  /** Wall time, ms. */
  readonly at: number
  readonly signal: AbortSignal
}

/** One request after another: the alarms of the story come first. */
export async function furnish(
  registry: Pick<Registry, 'sites' | 'updateSite' | 'createBuilding' | 'rooms' | 'moveIn' | 'placeInRoom'>,
  { county, devices, at, signal }: Furnishing,
): Promise<void> {
  const ids = new Map((await registry.sites()).map(({ id, name, area }) => [`${area.join('/')}/${name}`, id]))
  const sites = [...Map.groupBy(devices, ({ site }) => site)].toSorted(
    // The pilot community first: it is what the story shows.
    ([a], [b]) => Number(b.sort === 'rental') - Number(a.sort === 'rental'),
  )
  for (const [site, own] of sites) {
    const siteId = ids.get(`${site.area}/${site.name}`)
    if (siteId === undefined) continue
    if (signal.aborted) return
    const closed = site.sort === 'small' && own.every(({ id }) => county.neverStarted.has(id))
    const hasGas = own.some(({ kind }) => kind === 'gas')
    const ebikes = own.some(({ name }) => name.endsWith('电动车棚'))
    await registry.updateSite(siteId, profileOf(county.seed, site, at, { closed, hasGas, ebikes }))
    if (site.sort !== 'rental') continue
    const house = houseNumberOf(site)
    const { building, tenancies } = householdOf(county.seed, house, at)
    await registry.createBuilding(siteId, building)
    const rooms = await registry.rooms(siteId)
    const circuit = house === ROOM_CIRCUIT.house && own.find(({ name }) => name.endsWith(ROOM_CIRCUIT.name))
    const itsRoom = rooms.get(ROOM_CIRCUIT.name.slice(0, 3))
    if (circuit && itsRoom !== undefined) await registry.placeInRoom(itsRoom, [circuit.id])
    for (const { room, lease } of tenancies) {
      if (signal.aborted) return
      const roomId = rooms.get(room)
      if (roomId !== undefined) await registry.moveIn(roomId, lease)
    }
  }
}
