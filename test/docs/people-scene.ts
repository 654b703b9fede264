// The people and places around the desk of the pictures: who looks after what, a house with rooms and tenants, sites that are
// known better, the towns on a map. All of it is invented.
import type { Area } from '../../contract/http/places.ts'
import type { Site } from '../../contract/http/sites.ts'
import type { Api } from '../support/api.ts'
import { PASSWORD } from './scene.ts'

export interface Places {
  /** The rental house whose kitchen has an alarm. */
  readonly houseId: string
}

interface Listed<T> {
  readonly items: readonly T[]
}

/** Sets that are in a house beside those that alarm. */
const MORE_DEVICES = [
  ['meter-301', 'electricity', '301 分路'],
  ['smoke-12', 'smoke', '三楼走道'],
  ['access-12', 'access', '大门'],
] as const

const PROFILES: Readonly<Record<string, object>> = {
  '12 号': { category: 'rental_house', risk: 2, facilities: ['gas'] },
  '33 号': { category: 'rental_house', risk: 3 },
  '7 号': { category: 'rental_house', risk: 3, facilities: ['gas', 'ebike_charging'] },
  小城饭店: { category: 'catering', risk: 2, facilities: ['gas'] },
  广利五金: {
    category: 'enterprise',
    risk: 1,
    regime: { name: 'suspended', since: '2026-06-01', until: '2026-06-30', basis: '示安委办〔2026〕17 号' },
    responsible: { name: '钱守仁', phone: '138-0000-0021' },
    coordinates: { lat: 29.0312, lon: 119.1723 },
    insurance: { insurer: '某财产保险', policy: 'P-2026-7', until: '2027-06-30' },
  },
  水车碾米厂: { category: 'enterprise', risk: 3 },
  新桥超市: { category: 'small_premises', risk: 3 },
}

/** Gives every place its profile, the house its rooms, and every role its person. */
export async function furnish(admin: Api): Promise<Places> {
  const sites = (await admin.ok<Listed<Site>>('GET', '/sites?limit=200')).items
  const areas = (await admin.ok<Listed<Area>>('GET', '/areas')).items
  const siteOf = (name: string): string => idOf(sites, name)
  const areaOf = (name: string): string => idOf(areas, name)
  const houseId = siteOf('12 号')

  for (const [name, profile] of Object.entries(PROFILES)) await admin.ok('PATCH', `/sites/${siteOf(name)}`, profile)
  for (const [id, kind, name] of MORE_DEVICES) await admin.ok('POST', '/devices', { id, kind, name, siteId: houseId })
  await people(admin, siteOf, areaOf)
  await rooms(admin, houseId)
  await admin.ok('POST', `/sites/${siteOf('广利五金')}/inspections`, {
    kind: 'routine',
    result: 'hazard',
    text: '停产期间车间配电仍有电流，配电箱未上锁',
    deadline: '2026-07-05',
  })
  await admin.ok('PUT', '/quotas', { areaId: areaOf('青禾街道'), year: thisYear(), kind: 'electricity', target: 4 })
  await admin.ok('PUT', '/wall/map', { version: 0, datum: 'wgs84', geojson: townMap() })
  return { houseId }
}

function idOf(list: readonly { readonly id: string; readonly name: string }[], name: string): string {
  const found = list.find((one) => one.name === name)
  if (found === undefined) throw new Error(`the scene has no ${name}`)
  return found.id
}

const thisYear = (): number => new Date().getFullYear()

async function people(admin: Api, site: (name: string) => string, area: (name: string) => string): Promise<void> {
  const houses = ['12 号', '33 号', '7 号'].map(site)
  for (const person of [
    { username: 'chen', name: '陈立', role: 'leader' },
    { username: 'shen', name: '沈青', role: 'town', areas: [area('青禾街道')] },
    { username: 'wu', name: '吴师傅', role: 'grid', areas: [area('槐荫社区')] },
    { username: 'wang', name: '王大姐', role: 'manager', sites: houses },
    { username: 'li', name: '李阿姨', role: 'landlord', sites: houses.slice(0, 1) },
    { username: 'xu', name: '小徐', role: 'installer', areas: [area('青禾街道')] },
    { username: 'sun', name: '孙敏', role: 'auditor' },
    { username: 'daping', name: '指挥大屏', role: 'wall' },
  ])
    await admin.ok('POST', '/users', { ...person, password: PASSWORD, mustChange: false })
  const newcomer = { username: 'he', name: '何一鸣', role: 'duty' }
  const { id } = await admin.ok<{ id: string }>('POST', '/users', newcomer)
  await admin.ok('POST', `/users/${id}/invitation`, {})
}

async function rooms(admin: Api, houseId: string): Promise<void> {
  const building = { floors: { from: 1, to: 3 }, perFloor: 4, pattern: '{floor}{nn}' }
  await admin.ok('POST', `/sites/${houseId}/rooms/bulk`, { ...building, area: 14, powerLimitW: 2_000, maxPeople: 2 })
  const made = (await admin.ok<Listed<{ id: string; name: string }>>('GET', `/sites/${houseId}/rooms?limit=100`)).items
  for (const [index, { id, name }] of made.entries()) {
    if (name === '301') await admin.ok('PUT', `/rooms/${id}/devices`, { deviceIds: ['meter-301'] })
    // One in five is empty.
    if (index % 5 === 3) continue
    const tenant = {
      name: `${'甲乙丙丁戊己庚辛壬癸'[index % 10]}某`,
      phone: `138-0000-00${30 + index}`,
      people: 1 + (index % 2),
    }
    await admin.ok('POST', `/rooms/${id}/leases`, { tenant, from: '2026-03-01', until: '2027-02-28' })
  }
}

/** Eight towns of one county, each bordering on the next: points of a grid that somebody drew by hand. */
function townMap(): object {
  const [columns, rows] = [4, 2]
  const names = ['竹海镇', '柳岸镇', '青禾街道', '白鹭镇', '茶园镇', '石榴镇', '望山街道', '稻香镇']
  const point = (x: number, y: number): [number, number] => [
    119 + 0.11 * x + 0.03 * Math.sin(2.3 * x + 1.7 * y),
    29.2 - 0.12 * y + 0.025 * Math.cos(1.9 * x + 2.9 * y),
  ]
  /** A border bends once between two corners. */
  const border = (ax: number, ay: number, bx: number, by: number): [number, number][] => [
    point(ax, ay),
    point((ax + bx) / 2, (ay + by) / 2),
  ]
  const features = names.map((name, index) => {
    const [x, y] = [index % columns, Math.floor(index / columns) % rows]
    const ring = [
      ...border(x, y, x + 1, y),
      ...border(x + 1, y, x + 1, y + 1),
      ...border(x + 1, y + 1, x, y + 1),
      ...border(x, y + 1, x, y),
      point(x, y),
    ]
    return { type: 'Feature', properties: { name }, geometry: { type: 'Polygon', coordinates: [ring] } }
  })
  return { type: 'FeatureCollection', features }
}
