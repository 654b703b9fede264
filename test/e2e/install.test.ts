// An installer's two minutes, on a telephone, with a real hub and a device that wakes up on the way: scan, place, first
// reading, self-test, photograph; then a dead set replaced in place, and the administrator's labels and commands.
import { afterAll, beforeAll, expect, it } from 'vitest'
import mqtt from 'mqtt'
import type { MqttClient } from 'mqtt'
import type { Browser, Page } from 'playwright-core'
import { encode } from 'uqr'
import { commandTopic, upTopic } from '../../contract/topics.ts'
import type { Alarm } from '../../contract/alarms.ts'
import type { AlarmDetail } from '../../contract/http/alarms.ts'
import type { Command } from '../../contract/http/commands.ts'
import type { Device } from '../../contract/http/devices.ts'
import { Obedience } from '../../simulators/devices/obey.ts'
import { Api } from '../support/api.ts'
import { browserPath, launchBrowser } from '../support/browser.ts'
import { describeForms } from '../support/hub-forms.ts'
import { ADMIN_PASSWORD, until } from '../support/hub-process.ts'
import type { RunningHub } from '../support/hub-forms.ts'
import { encodePng } from '../support/picture.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'
import { misfits, smallTargets, violations } from './page-checks.ts'

const PASSWORD = 'ladder and drill 2026'
const ID = 'GAS-77'
const mayRun = browserPath() !== undefined || process.env['ZHIAN_REQUIRE_SERVICES'] === '1'

/** A photograph of a label. */
function labelPicture(text: string): Buffer {
  const scale = 6
  const { data, size } = encode(text, { border: 4 })
  const side = size * scale
  const pixels = new Uint8Array(side * side * 3)
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const dark = data[Math.floor(y / scale)]?.[Math.floor(x / scale)] === true
      pixels.fill(dark ? 0 : 255, (y * side + x) * 3, (y * side + x) * 3 + 3)
    }
  return encodePng({ width: side, height: side, pixels })
}

describeForms('an installer with a telephone', mayRun, (startHub) => {
  let hub: RunningHub
  let proxy: TcpProxy
  let browser: Browser
  let admin: Api
  const clients: MqttClient[] = []
  const obeyed: string[] = []

  beforeAll(async () => {
    hub = await startHub()
    proxy = await startTcpProxy({ port: hub.httpPort })
    browser = await launchBrowser()
    admin = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
    const site = await admin.ok<{ id: string }>('POST', '/sites', { name: '12 号', area: '示范县/青禾街道/槐荫社区' })
    await admin.ok('POST', '/sites', { name: '别处 3 号', area: '示范县/云溪镇/东村' })
    const account = { password: PASSWORD, mustChange: false }
    await admin.ok('POST', '/users', {
      ...account,
      username: 'sun',
      name: '孙师傅',
      role: 'installer',
      sites: [site.id],
    })
    await admin.ok('POST', '/users', { ...account, username: 'zhou', name: '周晓岚', role: 'duty' })
  }, 120_000)
  afterAll(async () => {
    for (const client of clients) await client.endAsync(true)
    await browser?.close()
    await proxy?.stop()
    await hub?.dispose()
  })

  async function signIn(
    username: string,
    path: string,
    viewport: { width: number; height: number },
    password = PASSWORD,
  ): Promise<Page> {
    const context = await browser.newContext({ viewport, locale: 'zh-CN', reducedMotion: 'reduce' })
    const page = await context.newPage()
    page.setDefaultTimeout(20_000)
    await page.goto(`http://127.0.0.1:${proxy.port}${path}`)
    await page.locator('input[name=username]').fill(username)
    await page.locator('input[name=password]').fill(password)
    await page.locator('button[type=submit]').click()
    await page.waitForSelector('[data-testid=veil][data-phase=live]')
    return page
  }

  /** A set with this token: says what it measures, does what it is told. */
  async function powerOn(token: string): Promise<MqttClient> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, {
      username: ID,
      password: token,
      reconnectPeriod: 0,
    })
    clients.push(client)
    const obedience = new Obedience()
    client.on('message', (_topic, payload) => {
      const { reply, event } = obedience.hear(payload, Date.now())
      if (event !== null) client.publish(upTopic(ID, 'events'), JSON.stringify(event), { qos: 1 })
      if (reply === null) return
      obeyed.push(reply.id)
      client.publish(upTopic(ID, 'replies'), JSON.stringify(reply), { qos: 1 })
    })
    await client.subscribeAsync(commandTopic(ID), { qos: 1 })
    const now = Date.now()
    const readings = [50, 40, 30, 20, 10, 0].map((ago) => ({
      ts: now - ago * 1_000,
      values: { gas_lel: 0.4, rssi: -70 },
    }))
    await client.publishAsync(upTopic(ID, 'readings'), JSON.stringify(readings), { qos: 1 })
    return client
  }

  /** What has just become enabled is still changing its colour. */
  const settled = (page: Page) =>
    page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)).then(() => null))
  const look = async (page: Page, what: string): Promise<void> => {
    await settled(page)
    const found = [...(await violations(page, 'all')), ...(await misfits(page)), ...(await smallTargets(page))]
    expect(found.map((line) => `${what}: ${line}`)).toEqual([])
  }
  const tokenOf = async (page: Page): Promise<string> => {
    const text = await until('the token is shown', async () =>
      (await page.locator('.field pre').allTextContents()).find((line) => /^[\w-]{43}$/.test(line.trim())),
    )
    return text.trim()
  }
  const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).click()

  it('puts a device up within two minutes, and replaces it when it is dead', async () => {
    const page = await signIn('sun', '/install', { width: 390, height: 844 })
    await look(page, 'device')
    // No camera here: the label is photographed. Its code opens this page for the device, or is read by it.
    await press(page, '扫描标签')
    const picture = labelPicture(`https://zhian.example/install?device=${ID}&kind=gas`)
    await page
      .locator('.scanner input[type=file]')
      .setInputFiles({ name: 'label.png', mimeType: 'image/png', buffer: picture })
    await until('the label was read', async () => (await page.locator('input[name=id]').inputValue()) === ID)
    expect(await page.locator('#install-kind').inputValue()).toBe('gas')
    await press(page, '下一步')

    await page.locator('#install-site').click()
    const options = page.locator('.list [role=option]')
    await options.first().waitFor()
    // Only what is in the installer's charge.
    expect(await options.count()).toBe(1)
    await options.first().click()
    await page.locator('input[name=position]').fill('厨房灶台上方')
    await look(page, 'place')
    await press(page, '登记')

    const token = await tokenOf(page)
    await look(page, 'power')
    const old = await powerOn(token)
    await page.getByText('第一条读数').waitFor()
    await page.getByText('0.4').first().waitFor()
    await press(page, '下一步')

    // As it is a quarter of an hour after the sign-in: the password is asked for in place, and what was asked goes on.
    const refused = { error: { code: 'refused', message: 'x', details: { reason: 'confirm_password' } } }
    const late = (url: URL): boolean => url.pathname.endsWith('/commands')
    await page.route(late, (route) =>
      route.request().method() === 'POST' ? route.fulfill({ status: 422, json: refused }) : route.continue(),
    )
    await page.locator('[data-ask=self_test]').click()
    const password = page.getByRole('dialog').locator('input[type=password]')
    await password.waitFor()
    await look(page, 'password')
    await page.unroute(late)
    await password.fill('not this one')
    await press(page, '确认并下发')
    await page.getByText('密码不正确').waitFor()
    await password.fill(PASSWORD)
    await press(page, '确认并下发')
    await page.locator('[data-state=done]').getByText('已见效').waitFor()
    await look(page, 'check')
    await press(page, '下一步')

    await page
      .locator('.photo input[type=file]')
      .setInputFiles({ name: 'kitchen.png', mimeType: 'image/png', buffer: picture })
    await page.getByText('照片已保存').waitFor()
    await look(page, 'photo')
    await press(page, '下一步')

    const done = await page.getByTestId('installed').textContent()
    const [, minutes] = /用时 (\d+):\d\d/.exec(done ?? '') ?? []
    expect(Number(minutes)).toBeLessThan(2)
    await press(page, /改为 10 秒/)
    await page.getByText('已改为每 10 秒').waitFor()
    await look(page, 'done')
    const device = await admin.ok<Device>('GET', `/devices/${ID}`)
    expect(device).toMatchObject({
      lifecycle: 'in_service',
      attributes: { location: '厨房灶台上方', reportEverySeconds: 10 },
    })
    const { items: asked } = await admin.ok<{ items: Command[] }>('GET', `/devices/${ID}/commands`)
    expect(asked).toMatchObject([{ name: 'self_test', state: 'done', by: { name: '孙师傅' }, reason: '安装调试' }])
    expect(obeyed).toEqual([asked[0]?.id])

    // Another set in its place: the same id, and the old one is out at once. What it complained of goes with it.
    await old.publishAsync(upTopic(ID, 'events'), JSON.stringify({ event: 'fault', data: { part: 'sensor' } }), {
      qos: 1,
    })
    const faulty = await until('it is faulty', async () => {
      const { items } = await admin.ok<{ items: Alarm[] }>('GET', `/alarms?open=true&deviceId=${ID}`)
      return items.find(({ ruleId }) => ruleId === 'device.fault')
    })
    const gone = new Promise<void>((resolve) => old.once('close', () => resolve()))
    await press(page, '装下一台')
    await page.locator('input[name=id]').fill(ID)
    await press(page, '下一步')
    await page.getByText('已在用').waitFor()
    await look(page, 'replace')
    await page.locator('input[name=serial]').fill('SN-2')
    await press(page, '原位更换')
    const second = await tokenOf(page)
    expect(second).not.toBe(token)
    await gone
    await expect(powerOn(token)).rejects.toThrow()
    await powerOn(second)
    await page.getByText('第一条读数').waitFor()
    const closed = await admin.ok<AlarmDetail>('GET', `/alarms/${faulty.id}`)
    expect(closed.transitions.at(-1)).toMatchObject({
      type: 'closed',
      reason: 'device_replaced',
      by: { name: '孙师傅' },
    })
    const replaced = await admin.ok<Device>('GET', `/devices/${ID}`)
    expect(replaced.attributes).toMatchObject({ serial: 'SN-2', location: '厨房灶台上方' })
    expect([replaced.siteId, replaced.createdAt]).toEqual([device.siteId, device.createdAt])
    await page.context().close()
  })

  it('G7: a desk sees each step of a command; cut off from the hub it offers none and says why', async () => {
    const page = await signIn('zhou', `/devices/${ID}?tab=commands`, { width: 1440, height: 900 })
    await page.locator('[data-ask=locate]').click()
    const newest = page.locator('[data-command]').first()
    await newest.getByText('定位').waitFor()
    await newest.getByText('设备答已完成').waitFor()
    await look1440(page)
    proxy.refuse(true)
    proxy.cut()
    await page.getByTestId('commands-blocked').waitFor()
    expect(await page.locator('[data-ask=locate]').isDisabled()).toBe(true)
    const before = obeyed.length
    proxy.refuse(false)
    await page.waitForSelector('[data-testid=veil][data-phase=live]')
    await page.locator('[data-ask=locate]:enabled').waitFor()
    expect(obeyed.length).toBe(before)

    // The same from the alarm itself.
    await clients.at(-1)?.publishAsync(upTopic(ID, 'readings'), JSON.stringify({ values: { gas_lel: 30 } }), { qos: 1 })
    await page.goto(`http://127.0.0.1:${proxy.port}/desk`)
    await page.locator('[role=option]').first().click()
    await press(page, '设备命令')
    await page.locator('[data-ask=mute]').click()
    await page.locator('[data-state=done]').first().getByText('已见效').waitFor()
    expect(await page.locator('[data-ask=locate]').count()).toBe(0)
    await look1440(page)
    await page.context().close()
  })

  it('prints labels that the installer’s telephone reads', async () => {
    const page = await signIn('admin', '/labels', { width: 1440, height: 900 }, ADMIN_PASSWORD)
    await page.locator('.choices input[type=checkbox]').first().check()
    await page.locator('.label svg').waitFor()
    await look1440(page)
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('.choices, header.top').first().isVisible()).toBe(false)
    // What is printed is what is read.
    const code = await page.locator('.label').screenshot()
    await page.emulateMedia({ media: 'screen' })
    await page.goto(`http://127.0.0.1:${proxy.port}/install`)
    await press(page, '扫描标签')
    await page
      .locator('.scanner input[type=file]')
      .setInputFiles({ name: 'l.png', mimeType: 'image/png', buffer: code })
    await until('the label was read', async () => (await page.locator('input[name=id]').inputValue()) === ID)
    expect(await page.locator('#install-kind').inputValue()).toBe('gas')
    await page.context().close()
  })

  const look1440 = async (page: Page): Promise<void> => {
    await settled(page)
    expect([...(await violations(page, 'all')), ...(await misfits(page))]).toEqual([])
  }
})
