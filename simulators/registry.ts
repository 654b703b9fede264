// Registers simulated devices with a hub over its HTTP API, as an installer would: sites, devices, tokens.
import { alarmSchema } from '../contract/alarms.ts'
import type { Alarm } from '../contract/alarms.ts'
import { createdDeviceSchema, deviceTokenSchema, importResultSchema, seriesSchema } from '../contract/http/devices.ts'
import type { Series } from '../contract/http/devices.ts'
import { hubFiguresSchema } from '../contract/http/hub-figures.ts'
import type { HubFigures } from '../contract/http/hub-figures.ts'
import type { Role } from '../contract/role-names.ts'
import { API_ROOT, pageOf } from '../contract/http/common.ts'
import type { Page } from '../contract/http/common.ts'
import { errorBodySchema } from '../contract/errors.ts'
import { areaSchema } from '../contract/http/places.ts'
import { roomSchema } from '../contract/http/rentals.ts'
import type { createBuildingSchema, createLeaseSchema } from '../contract/http/rentals.ts'
import { siteSchema } from '../contract/http/sites.ts'
import type { updateSiteSchema } from '../contract/http/sites.ts'
import type { DeviceModel } from './devices/model.ts'
import { TOWN_AREA } from './town.ts'
import type { TownDevice } from './town.ts'

/** What a schema of the contract takes. */
export type Given<T extends { readonly _zod: { readonly input: unknown } }> = T['_zod']['input']

/** A refusal of the hub, or no hub at all, in one sentence. */
export class RegistryError extends Error {
  /** HTTP status; null when nobody answered. */
  readonly status: number | null

  constructor(status: number | null, message: string) {
    super(message)
    this.status = status
  }
}

export interface Placed {
  readonly device: TownDevice
  readonly model: Pick<DeviceModel, 'attributes'>
}

export interface NewUser {
  readonly username: string
  readonly name: string
  readonly role: Role
  readonly password: string
  readonly sites?: readonly string[]
  readonly areas?: readonly string[]
  readonly mustChange: boolean
}

/** Devices under way at once: enough to be quick, few enough to leave the hub to its work. */
const AT_ONCE = 8
const TRIES_WHEN_BUSY = 20

export class Registry {
  readonly #base: string
  #cookie = ''

  /** `base` is where the hub's pages are: `http://127.0.0.1:8080`. */
  constructor(base: string) {
    this.#base = base.replace(/\/+$/, '')
  }

  async signIn(username: string, password: string): Promise<void> {
    const response = await this.#fetch('POST', '/session', { username, password })
    this.#cookie = response.headers
      .getSetCookie()
      .map((cookie) => cookie.split(';', 1)[0])
      .join('; ')
    await response.arrayBuffer()
  }

  /** The token of every device. A device that exists already gets a new one: its old token stops working. */
  async register(placed: readonly Placed[]): Promise<Map<string, string>> {
    const sites = await this.#sites(new Set(placed.flatMap(({ device }) => device.site ?? [])))
    const tokens = new Map<string, string>()
    const waiting = [...placed]
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        tokens.set(next.device.id, await this.#token(next, sites))
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    return tokens
  }

  /** Many devices at once from a table, with their sites and contacts; all or nothing. Their tokens. */
  async import(csv: string): Promise<Map<string, string>> {
    const response = await this.#fetch('POST', '/devices/import', csv, 'text/csv')
    const { tokens } = importResultSchema.parse(await response.json())
    return new Map(tokens.map(({ id, token }) => [id, token]))
  }

  async createUser(user: NewUser): Promise<void> {
    await this.#json('POST', '/users', user)
  }

  async figures(): Promise<HubFigures> {
    return hubFiguresSchema.parse(await this.#json('GET', '/counters'))
  }

  /** Raised at `from` or later, hub time. */
  alarmsSince(from: number): Promise<Alarm[]> {
    return this.#all(`/alarms?from=${from}`, alarmPageSchema)
  }

  /** The device's samples of one metric over [from, to), in as narrow buckets as the hub gives. */
  async series(deviceId: string, metric: string, from: number, to: number): Promise<Series['points']> {
    const query = `metric=${metric}&from=${from}&to=${to}&points=5000`
    return seriesSchema.parse(await this.#json('GET', `/devices/${deviceId}/readings?${query}`)).points
  }

  /** Ids of the sites of an area by their names. */
  async sitesOf(area: string): Promise<Map<string, string>> {
    const sites = await this.#all('/sites?', sitePageSchema)
    return new Map(sites.flatMap((site) => (site.area.join('/') === area ? [[site.name, site.id] as const] : [])))
  }

  /** Ids of areas by their paths, `县/镇/村`. */
  async areas(): Promise<Map<string, string>> {
    const { items } = areaListSchema.parse(await this.#json('GET', '/areas'))
    return new Map(items.map(({ id, path }) => [path.join('/'), id]))
  }

  sites(): Promise<{ readonly id: string; readonly name: string; readonly area: readonly string[] }[]> {
    return this.#all('/sites?', sitePageSchema)
  }

  async updateSite(id: string, change: Given<typeof updateSiteSchema>): Promise<void> {
    await this.#json('PATCH', `/sites/${id}`, change)
  }

  /** Every room of a building at once. */
  async createBuilding(siteId: string, building: Given<typeof createBuildingSchema>): Promise<void> {
    await this.#json('POST', `/sites/${siteId}/rooms/bulk`, building)
  }

  /** Ids by name. */
  async rooms(siteId: string): Promise<Map<string, string>> {
    const rooms = await this.#all(`/sites/${siteId}/rooms?`, roomPageSchema)
    return new Map(rooms.map(({ id, name }) => [name, id]))
  }

  async moveIn(roomId: string, lease: Given<typeof createLeaseSchema>): Promise<void> {
    await this.#json('POST', `/rooms/${roomId}/leases`, lease)
  }

  async placeInRoom(roomId: string, deviceIds: readonly string[]): Promise<void> {
    await this.#json('PUT', `/rooms/${roomId}/devices`, { deviceIds })
  }

  /** Every page of a list. */
  async #all<T>(path: string, page: { parse(body: unknown): Page<T> }): Promise<T[]> {
    const items: T[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const from: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const read = page.parse(await this.#json('GET', `${path}&limit=500${from}`))
      items.push(...read.items)
      cursor = read.next
    }
    return items
  }

  async #token({ device, model }: Placed, sites: ReadonlyMap<string, string>): Promise<string> {
    const { id, kind, name, site } = device
    const siteId = site === null ? undefined : sites.get(site)
    const body = { id, kind, name, attributes: model.attributes, ...(siteId === undefined ? {} : { siteId }) }
    try {
      return createdDeviceSchema.pick({ token: true }).parse(await this.#json('POST', '/devices', body)).token
    } catch (error) {
      if (!(error instanceof RegistryError && error.status === 409)) throw error
      return deviceTokenSchema.pick({ token: true }).parse(await this.#json('POST', `/devices/${id}/token`, {})).token
    }
  }

  /** Ids by name, of the sites that were there and of those created now. */
  async #sites(names: ReadonlySet<string>): Promise<Map<string, string>> {
    const known = await this.sitesOf(TOWN_AREA)
    for (const name of names) {
      if (known.has(name)) continue
      const created = siteSchema.pick({ id: true }).parse(await this.#json('POST', '/sites', { name, area: TOWN_AREA }))
      known.set(name, created.id)
    }
    return known
  }

  async #json(method: string, path: string, body?: unknown): Promise<unknown> {
    return (await this.#fetch(method, path, body)).json()
  }

  /** `body` is sent as JSON, or as it is with a type of its own. */
  async #fetch(method: string, path: string, body?: unknown, type = 'application/json'): Promise<Response> {
    for (let tried = 1; ; tried++) {
      let response: Response
      try {
        response = await fetch(`${this.#base}${API_ROOT}${path}`, {
          method,
          headers: {
            ...(body === undefined ? {} : { 'content-type': type }),
            ...(this.#cookie === '' ? {} : { cookie: this.#cookie }),
          },
          ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        })
      } catch (error) {
        const reason = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
        throw new RegistryError(null, `平台没有应答 no hub answers at ${this.#base} (${reason})`)
      }
      if (response.ok) return response
      if (response.status === 429 && tried < TRIES_WHEN_BUSY) {
        const seconds = Number(response.headers.get('retry-after'))
        await response.arrayBuffer()
        await new Promise((resolve) => setTimeout(resolve, (seconds > 0 ? Math.min(seconds, 60) : 1) * 1000))
        continue
      }
      throw new RegistryError(response.status, `${method} ${path}: ${response.status} ${await sentenceOf(response)}`)
    }
  }
}

const alarmPageSchema = pageOf(alarmSchema)
const areaListSchema = pageOf(areaSchema.pick({ id: true, path: true }))
const roomPageSchema = pageOf(roomSchema.pick({ id: true, name: true }))
const sitePageSchema = pageOf(siteSchema.pick({ id: true, name: true, area: true }))

async function sentenceOf(response: Response): Promise<string> {
  const text = await response.text()
  try {
    return errorBodySchema.parse(JSON.parse(text)).error.message
  } catch {
    return response.statusText
  }
}
