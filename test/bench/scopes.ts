// What it costs that every viewer sees only what is theirs: five hundred screens of 133 scopes, against as many of one.
import type { KindName } from '../../contract/kinds/kind.ts'
import type { Credential } from '../load/publisher.ts'
import { tokensForScreens } from '../chaos/screens.ts'
import { Api } from '../support/api.ts'
import { withHub } from './hub.ts'
import { percentile } from './percentile.ts'
import { atMost, figure } from './row.ts'
import type { BenchOptions, BenchRow } from './row.ts'
import { accountOf, tellScreens } from './screens.ts'

const SCREENS = 500
const SCOPES = 133
const PASSWORD = 'a county of scopes'
/** Of the CPU that one alarm costs where everybody sees everything. */
const AT_MOST = 1.5

export async function benchScopes({ quick }: BenchOptions): Promise<BenchRow[]> {
  const [screens, scopes, alarms] = quick ? [40, 10, 10] : [SCREENS, SCOPES, 100]
  const one = await withHub(async (hub, api) =>
    tellScreens(hub, await detectorsAt(api, await siteOf(api, 0), alarms), await tokensForScreens(api, screens)),
  )
  const many = await withHub(async (hub, api) => {
    const common = await siteOf(api, 0)
    const detectors = await detectorsAt(api, common, alarms)
    return tellScreens(hub, detectors, await tokensOfScopes(api, common, scopes, screens))
  })
  const msAnAlarm = ({ cpuSeconds }: typeof one): number => (cpuSeconds / alarms) * 1_000
  return [
    ...accountOf(many, screens, alarms),
    figure('CPU of the hub an alarm, one scope', msAnAlarm(one), 'ms'),
    figure(`CPU of the hub an alarm, ${scopes} scopes`, msAnAlarm(many), 'ms'),
    atMost('… of that with one scope', msAnAlarm(many) / msAnAlarm(one), '×', AT_MOST),
    figure('device publishes → the last screen hears, p99', percentile(many.last, 0.99), 'ms'),
  ]
}

const siteOf = async (api: Api, number: number): Promise<string> =>
  (await api.ok<{ id: string }>('POST', '/sites', { name: `${number} 号`, area: '示范县/青禾街道/槐荫社区' })).id

async function detectorsAt(api: Api, siteId: string, count: number): Promise<Credential[]> {
  const made: Credential[] = []
  for (let number = 0; number < count; number++) {
    const device = { id: `gas-${number}`, kind: 'gas' satisfies KindName, name: '厨房', siteId }
    const { token } = await api.ok<{ token: string }>('POST', '/devices', device)
    made.push({ username: device.id, password: token })
  }
  return made
}

/** A manager for each scope, each with the house where the alarms are and one more of their own; the screens in turn. */
async function tokensOfScopes(admin: Api, common: string, scopes: number, screens: number): Promise<string[]> {
  const tokens: string[] = []
  for (let number = 1; number <= scopes; number++) {
    const username = `manager-${number}`
    const sites = [common, await siteOf(admin, number)]
    const user = { username, name: username, role: 'manager', password: PASSWORD, sites, mustChange: false }
    await admin.ok('POST', '/users', user)
    const address = { 'x-forwarded-for': `10.1.${number >> 8}.${number & 255}` }
    tokens.push((await Api.signIn(admin.base, username, PASSWORD, address)).token)
  }
  return Array.from({ length: screens }, (_, screen) => tokens[screen % scopes] as string)
}
