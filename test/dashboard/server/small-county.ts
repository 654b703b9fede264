// A small county in a real ledger: sites with rooms, devices and alarms, and a user of each role; and how to call the API that
// stands before it.
import type { Role } from '../../../contract/role-names.ts'
import { hashPassword } from '../../../dashboard/server/auth/passwords.ts'
import type { CommittedTransition, JournalEntry, Ledger } from '../../../records/ledger.ts'
import { entryOf } from '../../records/entries.ts'
import { PICTURE } from './example-requests.ts'

export const PASSWORD = 'correct horse battery'
export const CONSOLE = { userId: 'console', name: 'console', address: 'console' }

export interface Answer<T = Record<string, unknown>> {
  readonly status: number
  readonly body: T
  readonly headers: Headers
}

export interface CallOptions {
  /** A cookie (`zhian=…`) or `Bearer …`; none: not signed in. */
  readonly as?: string | undefined
  /** A string goes as CSV, bytes as they are, everything else as JSON. */
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

export abstract class SmallCounty {
  abstract ledger: Ledger
  /** Where the API and the pages are: `http://…` without a slash at its end. */
  abstract base: string
  readonly sites = { a: '', b: '' }
  /** The innermost area of site b. */
  areaB = ''
  /** What DEV-A signs in with. */
  tokenA = ''
  readonly areaIds = { a: [] as string[], b: [] as string[] }
  readonly users: Record<string, string> = {}
  readonly alarms = { a: '', b: '', hub: '' }
  readonly inspections = { a: '', b: '', hub: 'nowhere' }
  /** Of each site one room, with somebody in it, and one floor plan. */
  readonly rooms = { a: '', b: '', hub: 'nowhere' }
  readonly leases = { a: '', b: '', hub: 'nowhere' }
  readonly plans = { a: '', b: '', hub: 'nowhere' }
  /** A photograph of each device. */
  readonly files = { a: '', b: '', hub: '' }
  private readonly cookies = new Map<string, string>()

  /**
   * A user for each role, named for it: manager and landlord with site a, town with the town of site a, grid and warden (a
   * manager) with the area of site b, installer with site b; devices DEV-A, DEV-B, DEV-NOWHERE.
   */
  async settle(): Promise<void> {
    const { places, devices } = this.ledger
    const contacts = [{ name: '房东甲', phone: '13800000001', role: '房东' }]
    const a = await places.createSite(CONSOLE, { name: '槐荫 12 号', area: '示范县/青禾街道/槐荫社区', contacts })
    const b = await places.createSite(CONSOLE, { name: '东村 3 号', area: '示范县/云溪镇/东村' })
    Object.assign(this.sites, { a: a.id, b: b.id })
    for (const place of ['a', 'b'] as const) {
      const found = { kind: 'routine', result: 'hazard', text: '插座老化', deadline: null, rechecks: null } as const
      this.inspections[place] = (await this.ledger.inspections.create(CONSOLE, this.sites[place], found)).id
    }
    for (const place of ['a', 'b'] as const) await this.letRoom(place)
    this.areaB = b.areaId
    const meter = await devices.create(CONSOLE, { id: 'DEV-A', kind: 'electricity', name: '总进线', siteId: a.id })
    this.tokenA = meter.token
    await devices.create(CONSOLE, { id: 'DEV-B', kind: 'gas', name: '厨房', siteId: b.id })
    await devices.create(CONSOLE, { id: 'DEV-NOWHERE', kind: 'smoke', name: '库房' })
    for (const [key, id] of [
      ['a', 'DEV-A'],
      ['b', 'DEV-B'],
    ] as const)
      this.areaIds[key] = [...((await devices.identity(id))?.areaIds ?? [])]
    for (const [place, device] of [
      ['a', 'DEV-A'],
      ['b', 'DEV-B'],
      ['hub', 'DEV-NOWHERE'],
    ] as const) {
      const file = { subject: `device:${device}`, name: '现场.png', type: 'image/png', content: PICTURE } as const
      this.files[place] = (await this.ledger.files.add(CONSOLE, file)).id
    }
    await this.addAdministrator()
    await this.addUser('duty', 'duty')
    await this.addUser('manager', 'manager', { sites: [a.id] })
    await this.addUser('warden', 'manager', { areas: [b.areaId] })
    await this.addUser('leader', 'leader')
    await this.addUser('town', 'town', { areas: [this.areaIds.a.at(-2) as string] })
    await this.addUser('grid', 'grid', { areas: [b.areaId] })
    await this.addUser('landlord', 'landlord', { sites: [a.id] })
    await this.addUser('installer', 'installer', { sites: [b.id] })
    await this.addUser('auditor', 'auditor')
    await this.addUser('wall', 'wall')
  }

  /** Room 101 of a site, let to somebody whose names and numbers differ by site. */
  private async letRoom(place: 'a' | 'b'): Promise<void> {
    const { rooms, leases, files, plans } = this.ledger
    const siteId = this.sites[place]
    const room = await rooms.create(CONSOLE, siteId, { building: '', floor: 1, name: '101' })
    const tenant = { name: `租客${place}`, phone: place === 'a' ? '13955550001' : '13955550002', people: 2 }
    const lease = await leases.moveIn(CONSOLE, room.id, { tenant, from: '2026-11-01', until: null, landlord: null })
    const content = Buffer.from('plan')
    const picture = await files.add(CONSOLE, { subject: `site:${siteId}`, name: 'p.png', type: 'image/png', content })
    const plan = await plans.create(CONSOLE, siteId, { name: '一层', fileId: picture.id })
    this.rooms[place] = room.id
    this.leases[place] = lease.id
    this.plans[place] = plan.id
  }

  protected async addAdministrator(): Promise<void> {
    await this.addUser('admin', 'admin')
  }

  async addUser(
    username: string,
    role: Role,
    scope: { sites?: string[]; areas?: string[]; mustChange?: boolean } = {},
  ) {
    const passwordHash = await hashed()
    const user = await this.ledger.users.create(CONSOLE, {
      username,
      name: `${username} 某`,
      role,
      passwordHash,
      mustChange: scope.mustChange ?? false,
      sites: scope.sites,
      areas: scope.areas,
    })
    this.users[username] = user.id
    return user
  }

  entry({
    place,
    ...settings
  }: { place: 'a' | 'b' | 'hub' } & Omit<Parameters<typeof entryOf>[0], 'siteId' | 'areaIds'>): JournalEntry {
    const at = place === 'hub' ? {} : { siteId: this.sites[place], areaIds: this.areaIds[place] }
    return entryOf({ deviceId: place === 'hub' ? 'hub' : place === 'a' ? 'DEV-A' : 'DEV-B', ...settings, ...at })
  }

  /** Journals. */
  async commit(...entries: JournalEntry[]): Promise<CommittedTransition[]> {
    return (await this.ledger.journal.append({ entries, states: [], checkpoint: null })).committed
  }

  /** One open alarm at site a, one at site b, one of the hub itself. */
  async raiseThree(): Promise<void> {
    for (const place of ['a', 'b', 'hub'] as const) {
      const alarmId = `alarm-${place}`
      await this.commit(this.entry({ alarmId, place }))
      this.alarms[place] = alarmId
    }
  }

  async call<T = Record<string, unknown>>(method: string, path: string, options: CallOptions = {}): Promise<Answer<T>> {
    const { as, body, headers = {} } = options
    const [type, sent] =
      typeof body === 'string'
        ? ['text/csv', body]
        : body instanceof Uint8Array
          ? ['application/octet-stream', new Uint8Array(body)]
          : ['application/json', JSON.stringify(body)]
    const response = await fetch(
      `${this.base}${path.startsWith('/api') || !path.startsWith('/') ? path : `/api/v1${path}`}`,
      {
        method,
        headers: {
          ...(as === undefined ? {} : as.startsWith('Bearer ') ? { authorization: as } : { cookie: as }),
          ...(body === undefined ? {} : { 'content-type': type }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: sent }),
      },
    )
    const text = await response.text()
    const json = (response.headers.get('content-type') ?? '').includes('json')
    return { status: response.status, body: (json ? JSON.parse(text) : text) as T, headers: response.headers }
  }

  /** A cookie of a signed-in user; made by the ledger, so that only the tests of sign-in pay for a password hash. */
  async as(username: string): Promise<string> {
    const known = this.cookies.get(username)
    if (known !== undefined) return known
    const cookie = await this.newSession(username)
    this.cookies.set(username, cookie)
    return cookie
  }

  async newSession(username: string): Promise<string> {
    const actor = { userId: this.users[username] as string, name: username, address: '127.0.0.1' }
    return `zhian=${await this.ledger.sessions.begin(actor, Date.now() + 30 * 86_400_000)}`
  }
}

let hash: Promise<string> | undefined
const hashed = (): Promise<string> => (hash ??= hashPassword(PASSWORD))
