// Every route the page calls, in one place.
import type { ActName } from '../../../../contract/alarms.ts'

const ROOT = '/api/v1'
const part = encodeURIComponent

export const ROUTES = {
  session: `${ROOT}/session`,
  me: `${ROOT}/me`,
  about: `${ROOT}/about`,
  demo: `${ROOT}/demo`,
  demoCues: `${ROOT}/demo/cues`,
  password: `${ROOT}/password`,
  setup: `${ROOT}/setup`,
  alarms: `${ROOT}/alarms`,
  alarmExport: `${ROOT}/alarms/export`,
  counters: `${ROOT}/counters`,
  devices: `${ROOT}/devices`,
  deviceImport: `${ROOT}/devices/import`,
  sites: `${ROOT}/sites`,
  areas: `${ROOT}/areas`,
  rules: `${ROOT}/rules`,
  users: `${ROOT}/users`,
  tokens: `${ROOT}/tokens`,
  firstSteps: `${ROOT}/first-steps`,
  shift: `${ROOT}/shift`,
  alarm: (id: string) => `${ROOT}/alarms/${part(id)}`,
  act: (id: string, act: ActName) => `${ROOT}/alarms/${part(id)}/${act}`,
  alarmContacts: (id: string) => `${ROOT}/alarms/${part(id)}/contacts`,
  firstStepsOf: (ruleId: string) => `${ROOT}/first-steps/${part(ruleId)}`,
  device: (id: string) => `${ROOT}/devices/${part(id)}`,
  deviceToken: (id: string) => `${ROOT}/devices/${part(id)}/token`,
  readings: (id: string) => `${ROOT}/devices/${part(id)}/readings`,
  latest: (id: string) => `${ROOT}/devices/${part(id)}/latest`,
  rejections: (id: string) => `${ROOT}/devices/${part(id)}/rejections`,
  deviceCounters: (id: string) => `${ROOT}/devices/${part(id)}/counters`,
  site: (id: string) => `${ROOT}/sites/${part(id)}`,
  user: (id: string) => `${ROOT}/users/${part(id)}`,
  token: (id: string) => `${ROOT}/tokens/${part(id)}`,
} as const

/** `path?a=1&b=2`; parameters that are undefined, null or '' are left out. */
export function withQuery(path: string, query: Readonly<Record<string, string | number | boolean | null | undefined>>) {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value))
  const text = search.toString()
  return text === '' ? path : `${path}?${text}`
}
