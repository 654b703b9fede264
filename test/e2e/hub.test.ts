// A real hub, a real browser, a real device: from PUBLISH to a painted row, from the officer's key to the ledger.
import { afterAll, beforeAll, expect, it } from 'vitest'
import mqtt from 'mqtt'
import { Api, Screen } from '../support/api.ts'
import { browserPath, launchBrowser } from '../support/browser.ts'
import { describeForms } from '../support/hub-forms.ts'
import { ADMIN_PASSWORD, until } from '../support/hub-process.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import type { Browser, Page } from 'playwright-core'
import type { Alarm } from '../../contract/alarms.ts'
import type { AlarmDetail } from '../../contract/http/alarms.ts'
import type { Page as ListPage } from '../../contract/http/common.ts'
import type { RunningHub } from '../support/hub-forms.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'

const PASSWORD = 'night shift 2026'
const mayRun = browserPath() !== undefined || process.env['ZHIAN_REQUIRE_SERVICES'] === '1'

describeForms('the whole hub, seen from a browser', mayRun, (startHub) => {
  let hub: RunningHub
  let proxy: TcpProxy
  let browser: Browser
  let admin: Api
  /** Device tokens by id. */
  const tokens = new Map<string, string>()

  beforeAll(async () => {
    hub = await startHub()
    proxy = await startTcpProxy({ port: hub.httpPort })
    browser = await launchBrowser()
    admin = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
    const house = await admin.ok<{ id: string }>('POST', '/sites', {
      name: '12 号',
      area: '示范县/青禾街道/槐荫社区',
      contacts: [{ name: '李阿姨', phone: '138-0000-0012', role: '房东' }],
    })
    const shop = await admin.ok<{ id: string }>('POST', '/sites', { name: '恒丰粮油', area: '示范县/柳岸镇/河口村' })
    for (const [id, kind, siteId] of [
      ['gas-1', 'gas', house.id],
      ['smoke-1', 'smoke', house.id],
      ['meter-1', 'electricity', shop.id],
    ] as const) {
      const made = await admin.ok<{ token: string }>('POST', '/devices', { id, kind, name: `${id} 共用厨房`, siteId })
      tokens.set(id, made.token)
    }
    for (const [username, role, sites] of [
      ['zhou', 'duty', undefined],
      ['wang', 'manager', [house.id]],
      ['zheng', 'manager', [shop.id]],
    ] as const) {
      await admin.ok('POST', '/users', { username, name: username, role, password: PASSWORD, sites, mustChange: false })
    }
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await proxy?.stop()
    await hub?.dispose()
  })

  /** Publishes at QoS 1 and resolves with its PUBACK. */
  async function publish(deviceId: string, values: Record<string, number>): Promise<void> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, {
      username: deviceId,
      password: tokens.get(deviceId) as string,
      reconnectPeriod: 0,
    })
    await client.publishAsync(`zhian/v1/${deviceId}/readings`, JSON.stringify({ values }), { qos: 1 })
    await client.endAsync()
  }

  async function signIn(username: string, viewport = { width: 1440, height: 900 }): Promise<Page> {
    const context = await browser.newContext({ viewport, locale: 'zh-CN' })
    const page = await context.newPage()
    page.setDefaultTimeout(20_000)
    await page.goto(`http://127.0.0.1:${proxy.port}/`)
    await page.locator('input[name=username]').fill(username)
    await page.locator('input[name=password]').fill(PASSWORD)
    await page.locator('button[type=submit]').click()
    await live(page)
    return page
  }

  const live = (page: Page): Promise<unknown> =>
    page.waitForSelector(':is([data-testid=veil], [data-testid=phone])[data-phase=live]')

  const openAlarm = async (api: Api, deviceId: string): Promise<Alarm> => {
    const { items } = await api.ok<ListPage<Alarm>>('GET', `/alarms?open=true&deviceId=${deviceId}`)
    const [alarm] = items
    if (alarm === undefined) throw new Error(`no open alarm of ${deviceId}`)
    return alarm
  }

  it('G1 G2 G8: a PUBLISH over the limit paints a row, and the officer’s key reaches the ledger under the officer’s name', async () => {
    const page = await signIn('zhou')
    await publish('gas-1', { gas_lel: 26 })
    const row = page.locator('[role=option][data-priority="1"]')
    await row.waitFor()
    expect(await row.textContent()).toContain('26')
    expect(await row.textContent()).toContain('12 号')

    await row.click()
    const detail = page.locator('article.detail')
    await detail.waitFor()
    expect(await detail.locator('a[href^="tel:"]').first().getAttribute('href')).toContain('138')
    await page.keyboard.press('a')
    const alarm = await until('the ledger knows who took it', async () => {
      const now = await openAlarm(admin, 'gas-1')
      return now.ack === null ? null : now
    })
    expect(alarm.ack?.by.name).toBe('zhou')
    await detail.getByText('zhou').first().waitFor()
    const { transitions } = await admin.ok<AlarmDetail>('GET', `/alarms/${alarm.id}`)
    expect(transitions.map(({ type }) => type)).toEqual(['raised', 'acknowledged'])
    // Whose screen it was on, and since when: in the ledger, and in the timeline that others read.
    const seen = await until('the ledger knows who saw it', async () => {
      const { shown } = await admin.ok<AlarmDetail>('GET', `/alarms/${alarm.id}`)
      return shown.find(({ seq }) => seq === transitions[0]?.seq) ?? null
    })
    expect(seen.user.name).toBe('zhou')
    expect(seen.at).toBeGreaterThanOrEqual(transitions[0]?.at ?? Infinity)
    await page.goto(`http://127.0.0.1:${proxy.port}/desk?alarm=${alarm.id}`)
    await detail.getByText('上屏 · zhou').first().waitFor()
    await page.context().close()
  })

  it('G3: with the link cut the page does not look live; restored, it says how many it caught up on and lost none', async () => {
    const page = await signIn('zhou')
    proxy.refuse(true)
    proxy.cut()
    await page.waitForSelector('[data-testid=veil][data-phase=disconnected]')
    await publish('smoke-1', { smoke: 1 })
    expect(await page.locator('[role=option]').count()).toBe(1)
    proxy.refuse(false)
    await live(page)
    await page.locator('[role=option]').nth(1).waitFor()
    const caughtUp = await page.locator('[data-testid=caught-up]').textContent()
    const { seq } = await openAlarm(admin, 'smoke-1')
    expect(caughtUp).toContain(`#${seq}`)
    expect(caughtUp).toContain('已补齐 1 条')
    expect(caughtUp).toContain('丢失 0')
    await page.context().close()
  })

  it('G9: a manager never receives another site’s alarm, over HTTP, over the socket or on the page', async () => {
    const [wang, zheng] = [await Api.signIn(hub.base, 'wang', PASSWORD), await Api.signIn(hub.base, 'zheng', PASSWORD)]
    const screen = new Screen(hub.base, zheng.token)
    const page = await signIn('zheng', { width: 390, height: 844 })
    await until('the screen is live', () => screen.live)
    await publish('gas-1', { gas_lel: 60 })
    // The manager's own alarm comes after the other one: when it is there, the other would have been.
    await publish('meter-1', { residual_current: 900 })
    await until('the own alarm came', () => screen.seen.some(({ alarm }) => alarm.deviceId === 'meter-1'))
    expect(new Set(screen.seen.map(({ alarm }) => alarm.deviceId))).toEqual(new Set(['meter-1']))
    expect(screen.gaps).toEqual([])

    const mine = await zheng.ok<ListPage<Alarm>>('GET', '/alarms')
    expect(mine.items.map(({ deviceId }) => deviceId)).toEqual(['meter-1'])
    expect(mine.total).toBe(1)
    const foreign = await openAlarm(wang, 'gas-1')
    expect((await zheng.call('GET', `/alarms/${foreign.id}`)).status).toBe(404)
    expect((await zheng.call('POST', `/alarms/${foreign.id}/ack`, { seq: foreign.seq })).status).toBe(404)
    expect((await zheng.call('GET', '/devices/gas-1/latest')).status).toBe(404)

    // A manager's page is the telephone's.
    await page.locator('[data-alarm]').first().waitFor()
    expect(await page.locator('[data-alarm]').count()).toBe(1)
    expect(await page.locator('body').textContent()).not.toContain('12 号')
    screen.close()
    await page.context().close()
  })
})
