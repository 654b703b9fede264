// The page's own addresses: built and parsed here and nowhere else.
export const PAGES = {
  desk: '/desk',
  devices: '/devices',
  device: (id: string) => `/devices/${encodeURIComponent(id)}`,
  sites: '/sites',
  users: '/users',
  account: '/account',
  setup: '/setup',
} as const

export type Place =
  | { readonly page: 'desk' | 'devices' | 'sites' | 'users' | 'account' | 'setup' | 'unknown' }
  | { readonly page: 'device'; readonly id: string }

export function placeOf(pathname: string): Place {
  const parts = pathname.split('/').filter((part) => part !== '')
  const [first, second] = parts
  if (first === undefined) return { page: 'desk' }
  if (first === 'devices' && second !== undefined && parts.length === 2) {
    const id = decoded(second)
    return id === null ? { page: 'unknown' } : { page: 'device', id }
  }
  if (parts.length > 1) return { page: 'unknown' }
  if (
    first === 'desk' ||
    first === 'devices' ||
    first === 'sites' ||
    first === 'users' ||
    first === 'account' ||
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
