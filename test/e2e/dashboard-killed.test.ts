// A dashboard is killed under the page that looks at it: the page goes on at the other one, through the balancer, says how many
// alarms it caught up on, and has missed none; and so again, the other way round.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import mqtt from 'mqtt'
import { Api } from '../support/api.ts'
import { browserPath, launchBrowser } from '../support/browser.ts'
import { CLUSTER_MISSING, startCluster } from '../support/cluster.ts'
import type { Cluster } from '../support/cluster.ts'
import { ADMIN_PASSWORD, until } from '../support/hub-process.ts'
import type { RoleProcess } from '../support/role-process.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import type { Browser, Page } from 'playwright-core'
import type { Alarm } from '../../contract/alarms.ts'
import type { Page as ListPage } from '../../contract/http/common.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'

const PASSWORD = 'night shift 2026'
const mayRun = !CLUSTER_MISSING && (browserPath() !== undefined || process.env['ZHIAN_REQUIRE_SERVICES'] === '1')
/** A browser on a busy machine. */
const PATIENCE_MS = 60_000

describe.skipIf(!mayRun)('a dashboard that dies under a page', () => {
  let cluster: Cluster
  let network: TcpProxy
  let browser: Browser
  let admin: Api
  let page: Page
  const tokens = new Map<string, string>()
  const complaints: string[] = []

  beforeAll(async () => {
    cluster = await startCluster({ brokers: 1, workers: 2, dashboards: 2 })
    network = await startTcpProxy({ port: cluster.httpPort })
    browser = await launchBrowser()
    admin = await Api.signIn(cluster.base, 'admin', ADMIN_PASSWORD)
    for (const id of ['gas-1', 'gas-2', 'gas-3', 'gas-4', 'gas-5']) {
      const made = await admin.ok<{ token: string }>('POST', '/devices', { id, kind: 'gas', name: `${id} 共用厨房` })
      tokens.set(id, made.token)
    }
    const officer = { username: 'zhou', name: '周晓岚', role: 'duty', password: PASSWORD, mustChange: false }
    await admin.ok('POST', '/users', officer)
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    await network?.stop()
    await cluster?.dispose()
    expect(complaints).toEqual([])
  })

  /** Publishes at QoS 1 and resolves with its PUBACK. */
  async function alarm(deviceId: string): Promise<void> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${cluster.mqttPort}`, {
      username: deviceId,
      password: tokens.get(deviceId) as string,
    })
    await client.publishAsync(`zhian/v1/${deviceId}/readings`, JSON.stringify({ values: { gas_lel: 30 } }), { qos: 1 })
    await client.endAsync()
  }

  const newest = async (deviceId: string): Promise<Alarm | null> => {
    const { items } = await admin.ok<ListPage<Alarm>>('GET', `/alarms?open=true&deviceId=${deviceId}`)
    return items[0] ?? null
  }
  const live = (): Promise<unknown> => page.waitForSelector('[data-testid=veil][data-phase=live]')
  const rows = () => page.locator('[data-alarm]')

  /** The dashboard that has the page's feed: the only one with an open connection through the balancer. */
  const itsDashboard = (): Promise<RoleProcess> =>
    until('one dashboard has the feed', async () => {
      const open = await cluster.proxy.sessions()
      const holding = cluster.dashboards.filter((_, index) => (open.get(`dashboards/dashboard-${index + 1}`) ?? 0) > 0)
      return holding.length === 1 ? holding[0] : null
    })

  it('G3: the page goes on at the other dashboard, says how many it caught up on, and lost none', async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'zh-CN' })
    page = await context.newPage()
    page.setDefaultTimeout(PATIENCE_MS)
    page.on('pageerror', (error) => complaints.push(error.message))
    const base = `http://127.0.0.1:${network.port}`
    await page.request.post(`${base}/api/v1/session`, { data: { username: 'zhou', password: PASSWORD } })
    await page.goto(`${base}/desk`)
    await live()
    await alarm('gas-1')
    await rows().first().waitFor()

    for (const [round, missed] of [['gas-2', 'gas-3'], ['gas-4']].entries()) {
      const victim = await itsDashboard()
      // Nobody gets through until the alarms are there: what the page shows of them then, it caught up on.
      network.refuse(true)
      await victim.kill()
      await page.waitForSelector('[data-testid=veil][data-phase=disconnected]')
      for (const deviceId of missed) await alarm(deviceId)
      // Each by whoever owns its device, hence in any order.
      const decided = await until('the alarms are decided', async () => {
        const alarms = await Promise.all(missed.map(newest))
        return alarms.every((one) => one !== null) ? alarms : null
      })
      const head = Math.max(...decided.map(({ seq }) => seq))
      const shownBefore = await rows().count()
      network.refuse(false)
      await live()
      await expect.poll(() => rows().count(), { timeout: PATIENCE_MS }).toBe(shownBefore + missed.length)
      const caughtUp = (await page.locator('[data-testid=caught-up]').textContent()) ?? ''
      expect(caughtUp, `round ${round + 1}`).toContain(`已补齐 ${missed.length} 条`)
      expect(caughtUp).toContain(`#${head}`)
      expect(caughtUp).toContain('丢失 0')
      expect(await itsDashboard()).not.toBe(victim)
      await victim.restart()
      await cluster.balanced()
    }

    // Live again in earnest, and the officer's act goes through, at whatever dashboard.
    await alarm('gas-5')
    await page.locator('[data-alarm]', { hasText: 'gas-5' }).first().click()
    await page.locator('article.detail').waitFor()
    await page.keyboard.press('a')
    const taken = await until('the ledger knows who took it', async () => (await newest('gas-5'))?.ack ?? null)
    expect(taken.by.name).toBe('周晓岚')
    expect(await rows().count()).toBe(5)
    await context.close()
  }, 300_000)
})
