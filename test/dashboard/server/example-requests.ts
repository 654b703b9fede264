// One request that passes validation for every route that changes something, so that what answers is the access and not the
// shape. A new route adds its line here.
import type { World } from './world.ts'

const RULE = {
  type: 'planned',
  kind: 'electricity',
  id: 'electricity.arc_fault',
  version: 1,
  signal: 'arc_fault',
  title: { zh: '电弧', en: 'Arc' },
  category: 'electrical',
  cause: 'condition',
  provenance: { mark: 'REC' },
  needs: 'nothing',
}

/** One grey pixel. */
export const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==',
  'base64',
)

/** By method and path after /api/v1; undefined: it takes no body. */
const BODIES: Readonly<Record<string, unknown>> = {
  'POST /session': { username: 'nobody', password: 'not this one' },
  'POST /setup': { code: 'x', password: 'long enough' },
  'POST /password': { current: 'x', next: 'long enough' },
  'POST /tokens': { name: '机器' },
  'POST /users': { username: 'new.user', name: '新人', role: 'admin', password: 'long enough' },
  'PATCH /users/:id': {},
  'POST /users/:id/invitation': undefined,
  'POST /users/:id/off-board': { successorId: null, end: 'disable' },
  'POST /invitation': { code: 'x' },
  'POST /second-factor': { password: 'x' },
  'POST /second-factor/confirm': { code: '123456' },
  'POST /second-factor/end': { password: 'x', code: '123456' },
  'PATCH /areas/:id': {},
  'POST /areas/:id/merge': { into: 'any' },
  'POST /sites': { name: '新场所', area: '示范县/某镇' },
  'PATCH /sites/:id': {},
  'POST /sites/:id/rooms': { floor: 2, name: '201' },
  'POST /sites/:id/rooms/bulk': { floors: { from: 1, to: 2 }, perFloor: 2, pattern: '{floor}{nn}' },
  'PATCH /rooms/:id': {},
  'PUT /rooms/:id/devices': { deviceIds: [] },
  'POST /rooms/:id/leases': { tenant: { name: '某', phone: '13900000000', people: 1 }, from: '2026-11-01' },
  'POST /rooms/:id/checklists': { type: 'move_in', devices: [], items: [] },
  'PATCH /leases/:id': {},
  'POST /leases/:id/end': undefined,
  'POST /leases/:id/tenant': undefined,
  'POST /sites/:id/plans': { name: '二层', fileId: 'any' },
  'PATCH /plans/:id': {},
  'POST /sites/:id/inspections': { kind: 'routine', result: 'passed' },
  'POST /inspections/:id/report': undefined,
  'POST /places/import': Buffer.from('no workbook'),
  'PUT /quotas': { areaId: 'any', year: 2026, kind: 'electricity', target: 1 },
  'POST /devices': { id: 'NEW-2', kind: 'gas', name: '新表' },
  'PATCH /devices/:id': {},
  'POST /devices/import': 'id,kind,name\nNEW-1,gas,新表\n',
  'POST /devices/:id/token': undefined,
  'POST /devices/:id/commands': { name: 'self_test', reason: '例行' },
  'POST /installations': { id: 'NEW-3', kind: 'gas', siteId: 'nowhere', position: '厨房' },
  'POST /devices/:id/replace': {},
  'PUT /devices/:id/interval': { seconds: 60 },
  'POST /session/confirm': { password: 'not this one' },
  'POST /alarms/:id/ack': { seq: 1 },
  'POST /alarms/:id/reset': { seq: 1 },
  'POST /alarms/:id/comment': { text: '已看' },
  'POST /alarms/:id/verdict': { seq: 1, verdict: 'real' },
  'POST /alarms/:id/field_verified': { seq: 1, reason: '已到场' },
  'POST /alarms/:id/contacts': undefined,
  'POST /files': PICTURE,
  'POST /privacy/erase': { ref: 'lease:none', reason: 'requested', confirm: '删除' },
  'PUT /rules/:kind/:id': RULE,
  'PUT /first-steps/:ruleId': { version: 0, steps: [{ zh: '先断电' }] },
  'POST /push/subscriptions': {
    endpoint: 'https://push.example.org/one',
    keys: { p256dh: 'B'.repeat(87), auth: 'A'.repeat(22) },
  },
  'POST /push/trial': undefined,
  'POST /push/received': { id: 'none' },
  'POST /me/prompts/:id/answer': { answer: 'no' },
  'PUT /wall/map': {
    version: 0,
    datum: 'wgs84',
    geojson: {
      type: 'FeatureCollection',
      features: [
        {
          type: 'Feature',
          properties: { name: '云溪镇' },
          geometry: {
            type: 'Polygon',
            coordinates: [
              [
                [119, 29],
                [119.1, 29],
                [119.1, 29.1],
                [119, 29],
              ],
            ],
          },
        },
      ],
    },
  },
  'PUT /shift': { version: 0, changesAt: ['08:30'], leader: null },
}

/** `url` as the route declares it. */
export function exampleBody(method: string, url: string): unknown {
  if (method === 'GET' || method === 'DELETE') return undefined
  const key = `${method} ${url.replace('/api/v1', '')}`
  if (!Object.hasOwn(BODIES, key)) throw new Error(`${key} has no example request: add its line`)
  return BODIES[key]
}

/** The route's path with its parameters naming what lies at that place. */
export function exampleUrl(world: World, url: string, place: 'a' | 'b' | 'hub'): string {
  const id = url.includes('/devices/')
    ? { a: 'DEV-A', b: 'DEV-B', hub: 'DEV-NOWHERE' }[place]
    : url.includes('/alarms/')
      ? world.alarms[place]
      : url.includes('/rooms/')
        ? world.rooms[place]
        : url.includes('/leases/')
          ? world.leases[place]
          : url.includes('/plans/')
            ? world.plans[place]
            : url.includes('/inspections/')
              ? world.inspections[place]
              : url.includes('/sites/')
                ? { ...world.sites, hub: 'nowhere' }[place]
                : url.includes('/files/')
                  ? world.files[place]
                  : 'any'
  return url
    .replace(':kind', 'electricity')
    .replace(':id', id)
    .replace(':ruleId', 'gas.gas_lel?version=0')
    .replace('/coverage/export', '/coverage/export?what=missing')
    .replace('/privacy/people', '/privacy/people?q=nobody')
    .replace('/privacy/person', '/privacy/person?ref=user:none')
    .replace(/\/files$/, `/files?subject=device:DEV-A&name=a.png`)
    .replace(/\/meters(\/export)?$/, '/meters$1?month=2026-11')
    .replace('/readings', '/readings?metric=battery&from=0&to=1000')
}
