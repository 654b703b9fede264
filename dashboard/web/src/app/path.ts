// The page's own addresses: built and parsed here and nowhere else.
export const PAGES = {
  desk: '/desk',
  history: '/alarms',
  alarm: (id: string) => `/alarms/${encodeURIComponent(id)}`,
  devices: '/devices',
  device: (id: string) => `/devices/${encodeURIComponent(id)}`,
  sites: '/sites',
  users: '/users',
  firstSteps: '/first-steps',
  counters: '/counters',
  account: '/account',
  about: '/about',
  demo: '/demo',
  /** No page links to it. */
  gallery: '/gallery',
  setup: '/setup',
} as const

export type Place =
  | {
      readonly page:
        | 'desk'
        | 'history'
        | 'devices'
        | 'sites'
        | 'users'
        | 'first-steps'
        | 'counters'
        | 'account'
        | 'about'
        | 'demo'
        | 'gallery'
        | 'setup'
        | 'unknown'
    }
  | { readonly page: 'device' | 'alarm'; readonly id: string }

export function placeOf(pathname: string): Place {
  const parts = pathname.split('/').filter((part) => part !== '')
  const [first, second] = parts
  if (first === undefined) return { page: 'desk' }
  if ((first === 'devices' || first === 'alarms') && second !== undefined && parts.length === 2) {
    const id = decoded(second)
    return id === null ? { page: 'unknown' } : { page: first === 'devices' ? 'device' : 'alarm', id }
  }
  if (parts.length > 1) return { page: 'unknown' }
  if (first === 'alarms') return { page: 'history' }
  if (
    first === 'desk' ||
    first === 'devices' ||
    first === 'sites' ||
    first === 'users' ||
    first === 'first-steps' ||
    first === 'counters' ||
    first === 'account' ||
    first === 'about' ||
    first === 'demo' ||
    first === 'gallery' ||
    first === 'setup'
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
