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
  areas: '/areas',
  coverage: '/coverage',
  import: '/import',
  users: '/users',
  audit: '/audit',
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
  | { readonly page: 'device' | 'alarm' | 'site'; readonly id: string }

/** `/devices/E-1` is one of the devices. */
const ONE_OF: Readonly<Record<string, 'device' | 'alarm' | 'site'>> = Object.assign(Object.create(null), {
  devices: 'device',
  alarms: 'alarm',
  sites: 'site',
})

export function placeOf(pathname: string): Place {
  const parts = pathname.split('/').filter((part) => part !== '')
  const [first, second] = parts
  if (first === undefined) return { page: 'desk' }
  const of = ONE_OF[first]
  if (of !== undefined && second !== undefined && parts.length === 2) {
    const id = decoded(second)
    return id === null ? { page: 'unknown' } : { page: of, id }
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
