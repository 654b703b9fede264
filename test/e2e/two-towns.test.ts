// Two towns and two managers under one county: each sees what is theirs and nothing of the other, while things move between
// them; and a town's desk takes an alarm for itself, beside the county's.
import { afterAll, beforeAll, expect, it } from 'vitest'
import mqtt from 'mqtt'
import { Api, Screen } from '../support/api.ts'
import { browserPath, launchBrowser } from '../support/browser.ts'
import { describeForms } from '../support/hub-forms.ts'
import { ADMIN_PASSWORD, until } from '../support/hub-process.ts'
import type { Browser, Page } from 'playwright-core'
import type { Alarm } from '../../contract/alarms.ts'
import type { Page as ListPage } from '../../contract/http/common.ts'
import type { Area } from '../../contract/http/places.ts'
import type { RunningHub } from '../support/hub-forms.ts'

const PASSWORD = 'night shift 2026'
const mayRun = browserPath() !== undefined || process.env['ZHIAN_REQUIRE_SERVICES'] === '1'

const TOWNS = {
  a: { town: '青禾街道', village: '槐荫社区', house: '12 号', device: 'gas-a', officer: 'shen', manager: 'wang' },
  b: { town: '柳岸镇', village: '河口村', house: '恒丰公寓', device: 'gas-b', officer: 'liu', manager: 'zheng' },
} as const
type Town = keyof typeof TOWNS

describeForms('two towns', mayRun, (startHub) => {
  let hub: RunningHub
  let browser: Browser
  let admin: Api
  const tokens = new Map<string, string>()
  const sites = { a: '', b: '' }
  const users = new Map<string, string>()
  const complaints: string[] = []

  beforeAll(async () => {
    hub = await startHub()
    browser = await launchBrowser()
    admin = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
    for (const [key, one] of Object.entries(TOWNS) as [Town, (typeof TOWNS)[Town]][]) {
      const area = `示范县/${one.town}/${one.village}`
      const site = await admin.ok<{ id: string }>('POST', '/sites', { name: one.house, area })
      sites[key] = site.id
      const name = `${one.house} 共用厨房`
      const made = await admin.ok<{ token: string }>('POST', '/devices', {
        id: one.device,
        kind: 'gas',
        name,
        siteId: site.id,
      })
      tokens.set(one.device, made.token)
    }
    const { items } = await admin.ok<{ items: Area[] }>('GET', '/areas')
    const areaOf = (name: string): string => items.find((area) => area.name === name)?.id ?? ''
    await addUser('zhou', 'duty', {})
    for (const [key, { officer, manager, town }] of Object.entries(TOWNS) as [Town, (typeof TOWNS)[Town]][]) {
      await addUser(officer, 'town', { areas: [areaOf(town)] })
      await addUser(manager, 'manager', { sites: [sites[key]] })
    }
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await hub?.dispose()
    expect(complaints).toEqual([])
  })

  async function addUser(username: string, role: string, scope: { sites?: string[]; areas?: string[] }): Promise<void> {
    const body = { username, name: username, role, password: PASSWORD, mustChange: false, ...scope }
    users.set(username, (await admin.ok<{ id: string }>('POST', '/users', body)).id)
  }

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

  async function sit(username: string): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'zh-CN' })
    const page = await context.newPage()
    page.setDefaultTimeout(45_000)
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(`${hub.base}/desk`)
    await page.locator('input[name=username]').fill(username)
    await page.locator('input[name=password]').fill(PASSWORD)
    await page.locator('button[type=submit]').click()
    await page.waitForSelector('[data-testid=veil][data-phase=live]')
    return page
  }

  /** A screen of each, all live. */
  async function screensOf(...usernames: string[]): Promise<Record<string, Screen>> {
    const screens: Record<string, Screen> = {}
    for (const username of usernames) {
      const { token } = await Api.signIn(hub.base, username, PASSWORD)
      const screen = new Screen(hub.base, token)
      screens[username] = screen
      await until(`${username} is live`, () => screen.live)
    }
    return screens
  }
  const devicesOn = (screen: Screen | undefined): string[] =>
    [...(screen?.open.values() ?? [])].map((one) => one.deviceId)
  const listed = async (username: string): Promise<string[]> => {
    const api = await Api.signIn(hub.base, username, PASSWORD)
    const { items, total } = await api.ok<ListPage<Alarm>>('GET', '/alarms?open=true')
    expect(total).toBe(items.length)
    return items.map(({ deviceId }) => deviceId)
  }

  it('G9: each town and each manager hears, lists and finds their own alone, also after a device, a house or a manager moves', async () => {
    const everyone = ['zhou', 'shen', 'liu', 'wang', 'zheng']
    const screens = await screensOf(...everyone)
    await publish('gas-a', { gas_lel: 30 })
    await publish('gas-b', { gas_lel: 30 })
    await until('all have heard of theirs', () =>
      everyone.every((name) => devicesOn(screens[name]).length === (name === 'zhou' ? 2 : 1)),
    )
    const expected = { zhou: ['gas-a', 'gas-b'], shen: ['gas-a'], wang: ['gas-a'], liu: ['gas-b'], zheng: ['gas-b'] }
    for (const [name, devices] of Object.entries(expected)) {
      expect(devicesOn(screens[name]).toSorted()).toEqual(devices)
      expect((await listed(name)).toSorted()).toEqual(devices)
    }

    // The set of house a is put up in house b: its open alarm and what it does from now on is b's, and a's people hear no more
    // of it.
    await admin.ok('PATCH', '/devices/gas-a', { siteId: sites.b })
    await until('the other town has it', () => devicesOn(screens['liu']).includes('gas-a'))
    await publish('gas-a', { gas_lel: 60 })
    await until('the first town has it no more', () => devicesOn(screens['shen']).length === 0)
    expect(await listed('zheng')).toEqual(expect.arrayContaining(['gas-a', 'gas-b']))
    expect(await listed('wang')).toEqual([])
    expect(screens['wang']?.seen.every(({ alarm }) => (alarm.value ?? 0) < 60)).toBe(true)

    // Back again; and the manager of a takes b over from the manager of b.
    await admin.ok('PATCH', '/devices/gas-a', { siteId: sites.a })
    await admin.ok('PATCH', `/users/${users.get('wang')}`, { sites: [sites.b] })
    await admin.ok('PATCH', `/users/${users.get('zheng')}`, { sites: [] })
    await until('the new manager has the house', () => devicesOn(screens['wang']).includes('gas-b'))
    await until('the old manager has nothing', () => devicesOn(screens['zheng']).length === 0)
    expect(await listed('zheng')).toEqual([])

    // A house that is moved to the other town goes with all its devices and their open alarms.
    await admin.ok('PATCH', `/sites/${sites.b}`, { area: '示范县/青禾街道/槐荫社区' })
    await until('the town that has it now', () => devicesOn(screens['shen']).includes('gas-b'))
    await until('the town that had it', () => !devicesOn(screens['liu']).includes('gas-b'))
    // And a restart tells nobody anything they did not know.
    const seen = screens['zhou']?.seen.length
    await hub.kill()
    await hub.restart()
    await until('all are live again', () => Object.values(screens).every(({ live }) => live))
    await until('the county has both', () => devicesOn(screens['zhou']).length === 2)
    expect(screens['zhou']?.seen.length).toBe(seen)
    for (const screen of Object.values(screens)) {
      expect(screen.gaps).toEqual([])
      screen.close()
    }
  })

  it('a town’s desk takes an alarm for itself: the county’s still calls, and each says who took it at the other', async () => {
    await admin.ok('PATCH', `/sites/${sites.b}`, { area: '示范县/柳岸镇/河口村' })
    const [county, town, other] = [await sit('zhou'), await sit('liu'), await sit('shen')]
    await town.getByRole('banner').getByText('柳岸镇').waitFor()
    const row = (page: Page) => page.locator('[role=option]').filter({ hasText: '恒丰公寓' })
    await row(town).click()
    await town.locator('article.detail').waitFor()
    await town.keyboard.press('a')
    await row(town).getByText('已接警').waitFor()
    await row(town).getByText('liu').waitFor()

    await row(county).click()
    const detail = county.locator('article.detail')
    await detail.locator('dt', { hasText: '镇街接警' }).waitFor()
    await row(county).getByText('未接警').waitFor()
    await county.keyboard.press('a')
    await row(county).getByText('已接警').waitFor()
    await town.locator('article.detail dt', { hasText: '县级接警' }).waitFor()
    const { items } = await admin.ok<ListPage<Alarm>>('GET', '/alarms?open=true&deviceId=gas-b')
    expect(items.map(({ ack, townAck }) => [ack?.by.name, townAck?.by.name])).toEqual([['zhou', 'liu']])

    // The county's acts that a town has not are not offered, and refused when asked all the same.
    expect(await town.getByRole('button', { name: /复位/ }).count()).toBe(0)
    const alarm = items[0] as Alarm
    const officer = await Api.signIn(hub.base, 'liu', PASSWORD)
    expect((await officer.call('POST', `/alarms/${alarm.id}/reset`, { seq: alarm.seq })).status).toBe(403)
    expect((await officer.call('GET', '/users')).status).toBe(403)
    expect(await other.locator('body').textContent()).not.toContain('恒丰公寓')
  })
})
