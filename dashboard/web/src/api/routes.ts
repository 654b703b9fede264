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
  secondFactor: `${ROOT}/second-factor`,
  confirmSecondFactor: `${ROOT}/second-factor/confirm`,
  endSecondFactor: `${ROOT}/second-factor/end`,
  sessions: `${ROOT}/sessions`,
  invitation: `${ROOT}/invitation`,
  audit: `${ROOT}/audit`,
  auditExport: `${ROOT}/audit/export`,
  auditVerify: `${ROOT}/audit/verify`,
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
  search: `${ROOT}/search`,
  wall: `${ROOT}/wall`,
  wallMap: `${ROOT}/wall/map`,
  shift: `${ROOT}/shift`,
  push: `${ROOT}/push`,
  pushSubscriptions: `${ROOT}/push/subscriptions`,
  pushTrial: `${ROOT}/push/trial`,
  prompts: `${ROOT}/me/prompts`,
  promptAnswer: (id: string) => `${ROOT}/me/prompts/${part(id)}/answer`,
  alarm: (id: string) => `${ROOT}/alarms/${part(id)}`,
  act: (id: string, act: ActName) => `${ROOT}/alarms/${part(id)}/${act}`,
  alarmContacts: (id: string) => `${ROOT}/alarms/${part(id)}/contacts`,
  firstStepsOf: (ruleId: string) => `${ROOT}/first-steps/${part(ruleId)}`,
  device: (id: string) => `${ROOT}/devices/${part(id)}`,
  deviceToken: (id: string) => `${ROOT}/devices/${part(id)}/token`,
  commands: (id: string) => `${ROOT}/devices/${part(id)}/commands`,
  confirm: `${ROOT}/session/confirm`,
  installations: `${ROOT}/installations`,
  replaceDevice: (id: string) => `${ROOT}/devices/${part(id)}/replace`,
  interval: (id: string) => `${ROOT}/devices/${part(id)}/interval`,
  readings: (id: string) => `${ROOT}/devices/${part(id)}/readings`,
  latest: (id: string) => `${ROOT}/devices/${part(id)}/latest`,
  rejections: (id: string) => `${ROOT}/devices/${part(id)}/rejections`,
  deviceCounters: (id: string) => `${ROOT}/devices/${part(id)}/counters`,
  site: (id: string) => `${ROOT}/sites/${part(id)}`,
  siteInspections: (id: string) => `${ROOT}/sites/${part(id)}/inspections`,
  inspections: `${ROOT}/inspections`,
  reportInspection: (id: string) => `${ROOT}/inspections/${part(id)}/report`,
  area: (id: string) => `${ROOT}/areas/${part(id)}`,
  mergeArea: (id: string) => `${ROOT}/areas/${part(id)}/merge`,
  coverage: `${ROOT}/coverage`,
  coverageMissing: `${ROOT}/coverage/missing`,
  coverageInstalls: `${ROOT}/coverage/installs`,
  coverageExport: `${ROOT}/coverage/export`,
  quotas: `${ROOT}/quotas`,
  placesImport: `${ROOT}/places/import`,
  placesTemplate: `${ROOT}/places/template.xlsx`,
  files: `${ROOT}/files`,
  file: (id: string) => `${ROOT}/files/${part(id)}`,
  user: (id: string) => `${ROOT}/users/${part(id)}`,
  userSessions: (id: string) => `${ROOT}/users/${part(id)}/sessions`,
  userSecondFactor: (id: string) => `${ROOT}/users/${part(id)}/second-factor`,
  userInvitation: (id: string) => `${ROOT}/users/${part(id)}/invitation`,
  handover: (id: string) => `${ROOT}/users/${part(id)}/handover`,
  offBoard: (id: string) => `${ROOT}/users/${part(id)}/off-board`,
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
