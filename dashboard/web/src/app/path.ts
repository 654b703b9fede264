// The page's own addresses: built and parsed here and nowhere else.
export const PAGES = {
  desk: '/desk',
  history: '/alarms',
  alarm: (id: string) => `/alarms/${encodeURIComponent(id)}`,
  devices: '/devices',
  device: (id: string) => `/devices/${encodeURIComponent(id)}`,
  install: '/install',
  labels: '/labels',
  sites: '/sites',
  site: (id: string) => `/sites/${encodeURIComponent(id)}`,
  rooms: (siteId: string) => `/sites/${encodeURIComponent(siteId)}/rooms`,
  meters: (siteId: string) => `/sites/${encodeURIComponent(siteId)}/meters`,
  plans: (siteId: string) => `/sites/${encodeURIComponent(siteId)}/plans`,
  room: (id: string) => `/rooms/${encodeURIComponent(id)}`,
  notice: (roomId: string) => `/rooms/${encodeURIComponent(roomId)}/notice`,
  areas: '/areas',
  coverage: '/coverage',
  import: '/import',
  users: '/users',
  audit: '/audit',
  privacy: '/privacy',
  firstSteps: '/first-steps',
  counters: '/counters',
  wall: '/wall',
  wallMap: '/wall-map',
  account: '/account',
  about: '/about',
  demo: '/demo',
  /** No page links to it. */
  gallery: '/gallery',
  setup: '/setup',
  invitation: '/invitation',
} as const

export type Place =
  | {
      readonly page:
        | 'desk'
        | 'history'
        | 'devices'
        | 'install'
        | 'labels'
        | 'sites'
        | 'areas'
        | 'coverage'
        | 'import'
        | 'users'
        | 'audit'
        | 'privacy'
        | 'first-steps'
        | 'counters'
        | 'wall'
        | 'wall-map'
        | 'account'
        | 'about'
        | 'demo'
        | 'gallery'
        | 'setup'
        | 'invitation'
        | 'unknown'
    }
  | { readonly page: OneOf | Nested; readonly id: string }

type OneOf = 'device' | 'alarm' | 'site' | 'room'
type Nested = 'rooms' | 'meters' | 'plans' | 'notice'

/** `/devices/E-1` is one of the devices. */
const ONE_OF: Readonly<Record<string, OneOf>> = Object.assign(Object.create(null), {
  devices: 'device',
  alarms: 'alarm',
  sites: 'site',
  rooms: 'room',
})
/** `/sites/1/rooms`, `/rooms/1/notice`. */
const NESTED: Readonly<Record<string, Nested>> = Object.assign(Object.create(null), {
  'site rooms': 'rooms',
  'site meters': 'meters',
  'site plans': 'plans',
  'room notice': 'notice',
})

export function placeOf(pathname: string): Place {
  const parts = pathname.split('/').filter((part) => part !== '')
  const [first, second] = parts
  if (first === undefined) return { page: 'desk' }
  const of = ONE_OF[first]
  if (of !== undefined && second !== undefined && parts.length <= 3) {
    const id = decoded(second)
    const page = parts.length === 2 ? of : NESTED[`${of} ${parts[2]}`]
    return id === null || page === undefined ? { page: 'unknown' } : { page, id }
  }
  if (parts.length > 1) return { page: 'unknown' }
  if (first === 'alarms') return { page: 'history' }
  if (
    first === 'desk' ||
    first === 'devices' ||
    first === 'install' ||
    first === 'labels' ||
    first === 'sites' ||
    first === 'areas' ||
    first === 'coverage' ||
    first === 'import' ||
    first === 'users' ||
    first === 'audit' ||
    first === 'privacy' ||
    first === 'first-steps' ||
    first === 'counters' ||
    first === 'wall' ||
    first === 'wall-map' ||
    first === 'account' ||
    first === 'about' ||
    first === 'demo' ||
    first === 'gallery' ||
    first === 'setup' ||
    first === 'invitation'
  )
    return { page: first }
  return { page: 'unknown' }
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part)
  } catch {
    return null
  }
}
