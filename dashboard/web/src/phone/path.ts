// The phone's own addresses, and those of the other pages that it leads to.
const part = encodeURIComponent

export const PHONE = {
  alarms: '/m/',
  alarm: (id: string) => `/m/alarms/${part(id)}`,
  houses: '/m/houses',
  house: (id: string) => `/m/houses/${part(id)}`,
  meters: '/m/meters',
  me: '/m/me',
} as const

/** Pages of the whole site, which work on a phone too. */
export const SITE = {
  rooms: (siteId: string) => `/sites/${part(siteId)}/rooms`,
  meters: (siteId: string) => `/sites/${part(siteId)}/meters`,
  device: (id: string) => `/devices/${part(id)}`,
  account: '/account',
} as const

export type PhonePlace =
  | { readonly page: 'alarms' | 'houses' | 'meters' | 'me' | 'unknown' }
  | { readonly page: 'alarm' | 'house'; readonly id: string }

export function phonePlaceOf(pathname: string): PhonePlace {
  const [root, first, second, ...rest] = pathname.split('/').filter((one) => one !== '')
  if (root !== 'm' || rest.length > 0) return { page: 'unknown' }
  if (first === undefined) return { page: 'alarms' }
  if (second !== undefined) {
    if (first !== 'alarms' && first !== 'houses') return { page: 'unknown' }
    try {
      return { page: first === 'alarms' ? 'alarm' : 'house', id: decodeURIComponent(second) }
    } catch {
      return { page: 'unknown' }
    }
  }
  if (first === 'alarms') return { page: 'alarms' }
  return first === 'houses' || first === 'meters' || first === 'me' ? { page: first } : { page: 'unknown' }
}
