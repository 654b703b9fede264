// From `npm run demo` in a fresh clone, its packages installed, to a quiet desk with a day of history behind it: the pages
// built, the whole county registered, its last 24 hours delivered late, every device connected.
import type { Page } from '../../contract/http/common.ts'
import type { Device, Series } from '../../contract/http/devices.ts'
import { buildPagesIfStale } from '../../hub/pages.ts'
import { Api } from '../support/api.ts'
import { buildPages } from '../support/browser.ts'
import { DEMO_PASSWORD, DemoProcess } from '../support/demo-process.ts'
import { atLeast, atMost, figure } from './row.ts'
import type { BenchOptions, BenchRow } from './row.ts'

const READY_S = 60
const DAY_MS = 86_400_000
/** Points of five minutes in a day; the newest may still be to come. */
const POINTS_A_DAY = 287
/** An everyday one, not of the story. */
const METER = '槐荫 4 号 总进线'

export async function benchDemo({ quick }: BenchOptions): Promise<BenchRow[]> {
  const beforeBuild = performance.now()
  const { remove } = await buildPages()
  const buildS = (performance.now() - beforeBuild) / 1000
  await remove()
  // Not twice: the demonstration builds what is stale.
  buildPagesIfStale()
  const began = performance.now()
  const demo = await DemoProcess.begin(quick ? ['--small'] : [])
  try {
    await demo.ready()
    const startS = (performance.now() - began) / 1000
    const api = await Api.signIn(demo.base, 'admin', DEMO_PASSWORD)
    const { items } = await api.ok<Page<Device>>('GET', `/devices?limit=500&q=${encodeURIComponent(METER)}`)
    const meter = items.find(({ name }) => name === METER)
    if (meter === undefined) throw new Error(`no ${METER}`)
    const to = Date.now()
    const path = `/devices/${meter.id}/readings?metric=power&from=${to - DAY_MS}&to=${to}&points=500`
    const { points } = await api.ok<Series>('GET', path)
    const kept = points.reduce((sum, { count }) => sum + count, 0)
    const online = await api.ok<Page<Device>>('GET', '/devices?limit=1&online=true')
    return [
      figure('pages built', buildS, 's'),
      figure('county registered, history delivered', startS, 's'),
      atMost('demo: quiet desk after', buildS + startS, 's', READY_S),
      figure('devices online', online.total, ''),
      atLeast('points of the last 24 h', kept, '', POINTS_A_DAY),
    ]
  } finally {
    await demo.dispose()
  }
}
