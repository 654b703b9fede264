// Two officers at two desks and an administrator, in real browsers on a real hub: who takes an alarm quiets every desk, who mutes
// quiets only their own, each sees that the other looks, and a telephone number is given on the record.
import { afterAll, beforeAll, expect, it } from 'vitest'
import mqtt from 'mqtt'
import { Api } from '../support/api.ts'
import { browserPath, launchBrowser } from '../support/browser.ts'
import { describeForms } from '../support/hub-forms.ts'
import { ADMIN_PASSWORD, until } from '../support/hub-process.ts'
import type { Browser, Locator, Page } from 'playwright-core'
import type { Alarm } from '../../contract/alarms.ts'
import type { AuditRow } from '../../contract/http/audit.ts'
import type { Page as ListPage } from '../../contract/http/common.ts'
import type { RunningHub } from '../support/hub-forms.ts'

const PASSWORD = 'night shift 2026'
const PHONE = '138-0000-0012'
const mayRun = browserPath() !== undefined || process.env['ZHIAN_REQUIRE_SERVICES'] === '1'
/** A browser on a busy machine. */
const PATIENCE = { timeout: 45_000 }

interface Heard {
  /** Tones that sound now, and those that ever began. */
  sounding: number
  begun: number
}

describeForms('two desks', mayRun, (startHub) => {
  let hub: RunningHub
  let browser: Browser
  let admin: Api
  const tokens = new Map<string, string>()
  const complaints: string[] = []

  beforeAll(async () => {
    hub = await startHub()
    browser = await launchBrowser(['--autoplay-policy=no-user-gesture-required'])
    admin = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
    const house = await admin.ok<{ id: string }>('POST', '/sites', {
      name: '12 号',
      area: '示范县/青禾街道/槐荫社区',
      contacts: [{ name: '李阿姨', phone: PHONE, role: '房东' }],
    })
    for (const [id, kind] of [
      ['gas-1', 'gas'],
      ['smoke-1', 'smoke'],
      ['meter-1', 'electricity'],
    ] as const) {
      const name = `${id} 共用厨房`
      const made = await admin.ok<{ token: string }>('POST', '/devices', { id, kind, name, siteId: house.id })
      tokens.set(id, made.token)
    }
    for (const [username, name] of [
      ['zhou', '周晓岚'],
      ['he', '何一鸣'],
    ] as const)
      await admin.ok('POST', '/users', { username, name, role: 'duty', password: PASSWORD, mustChange: false })
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await hub?.dispose()
    expect(complaints).toEqual([])
  })

  /** Publishes at QoS 1 and resolves with its PUBACK. */
  async function publish(deviceId: string, channel: 'readings' | 'events', body: unknown): Promise<void> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, {
      username: deviceId,
      password: tokens.get(deviceId) as string,
      reconnectPeriod: 0,
    })
    await client.publishAsync(`zhian/v1/${deviceId}/${channel}`, JSON.stringify(body), { qos: 1 })
    await client.endAsync()
  }

  async function sit(username: string, password = PASSWORD, path = '/desk'): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'zh-CN' })
    const page = await context.newPage()
    page.setDefaultTimeout(PATIENCE.timeout)
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.addInitScript(() => {
      const heard: Heard = { sounding: 0, begun: 0 }
      Object.assign(window, { heard })
      const start = OscillatorNode.prototype.start
      OscillatorNode.prototype.start = function (when?: number) {
        heard.sounding += 1
        heard.begun += 1
        this.addEventListener('ended', () => (heard.sounding -= 1))
        start.call(this, when)
      }
    })
    await page.request.post(`${hub.base}/api/v1/session`, { data: { username, password } })
    await page.goto(hub.base + path)
    await page.waitForSelector('[data-testid=veil][data-phase=live]')
    return page
  }

  const heard = (page: Page): Promise<Heard> =>
    page.evaluate(() => ({ ...(window as unknown as { heard: Heard }).heard }))
  const sounds = async (page: Page): Promise<void> => {
    const { begun } = await heard(page)
    await expect.poll(async () => (await heard(page)).begun, PATIENCE).toBeGreaterThan(begun)
  }
  const muteButton = (page: Page) => page.getByRole('button', { name: /消音 3 分钟/ })
  const isQuiet = async (page: Page): Promise<void> => {
    await muteButton(page).waitFor({ state: 'detached' })
    await expect.poll(async () => (await heard(page)).sounding, PATIENCE).toBe(0)
  }
  const rowOf = (page: Page, deviceId: string) => page.locator('[data-alarm]', { hasText: deviceId })
  /** A row that waits until the officer has read on is let in. */
  const letIn = async (page: Page, deviceId: string) => {
    await page.getByText('条新报警').or(rowOf(page, deviceId)).first().waitFor()
    await page.keyboard.press('n')
    await rowOf(page, deviceId).waitFor()
  }
  const detail = (page: Page) => page.locator('article.detail')
  const says = (locator: Locator, text: string | RegExp) => locator.filter({ hasText: text }).waitFor()

  const openAlarm = async (deviceId: string): Promise<Alarm> => {
    const { items } = await admin.ok<ListPage<Alarm>>('GET', `/alarms?open=true&deviceId=${deviceId}`)
    const [alarm] = items
    if (alarm === undefined) throw new Error(`no open alarm of ${deviceId}`)
    return alarm
  }
  const disclosures = async (alarmId: string) => {
    const { items } = await admin.ok<ListPage<AuditRow>>('GET', `/audit?limit=200&subject=alarm:${alarmId}`)
    return items.filter(({ action }) => action.startsWith('alarm.contacts_')).toReversed()
  }

  it('share the alarms and their taking, and keep their own ears', async () => {
    const [zhou, he] = await Promise.all([sit('zhou'), sit('he')])
    const numbersSent: string[] = []
    he.on('response', async (response) => {
      const body = response.url().includes('/api/v1/') ? await response.text().catch(() => '') : ''
      if (body.includes(PHONE)) numbersSent.push(new URL(response.url()).pathname)
    })

    // 1. P1: both desks sound, and each sees that the other has it open.
    await publish('gas-1', 'readings', { values: { gas_lel: 26 } })
    await Promise.all([zhou, he].map(sounds))
    await rowOf(zhou, 'gas-1').click()
    await rowOf(he, 'gas-1').getByTestId('viewed').filter({ hasText: '周晓岚 正在查看' }).waitFor()
    expect(numbersSent).toEqual([])
    await rowOf(he, 'gas-1').click()
    await says(detail(zhou).getByTestId('viewers'), '何一鸣 正在查看')
    await says(detail(he).getByTestId('viewers'), '周晓岚 正在查看')

    // 2. An urgent alarm's number is there to be called, once on the record for each officer however often it is read.
    const call = detail(he).getByRole('link', { name: /拨打 李阿姨/ })
    expect(await call.getAttribute('href')).toBe(`tel:${PHONE}`)
    const gas = await openAlarm('gas-1')
    await until('both were given the number', async () => (await disclosures(gas.id)).length >= 2)
    await he.keyboard.press('c')
    await he.getByLabel('写下看到、听到或安排的事').fill('房东说在开窗')
    await he.getByRole('button', { name: '记入时间线' }).click()
    await detail(zhou).getByText('房东说在开窗').waitFor()
    await detail(he).getByText('房东说在开窗').waitFor()
    expect(new Set((await disclosures(gas.id)).map(({ action }) => action))).toEqual(
      new Set(['alarm.contacts_disclosed']),
    )
    expect((await disclosures(gas.id)).length).toBe(2)

    // 3. 消音 is of one desk; 接警 is of all.
    await muteButton(he).click()
    await isQuiet(he)
    await sounds(zhou)
    await zhou.keyboard.press('a')
    await isQuiet(zhou)
    await says(rowOf(he, 'gas-1'), /已接警.*周晓岚/)
    await publish('smoke-1', 'readings', { values: { smoke: 1 } })
    // A new P1 ends 消音: both sound again, and the taking on one quiets the other.
    await Promise.all([zhou, he].map(sounds))
    for (const page of [zhou, he]) await letIn(page, 'smoke-1')
    await rowOf(zhou, 'smoke-1').click()
    await detail(zhou).getByText('smoke-1').waitFor()
    await zhou.keyboard.press('a')
    await Promise.all([zhou, he].map(isQuiet))
    await says(rowOf(he, 'smoke-1'), /已接警.*周晓岚/)

    // 4. Nobody looks any more: closed on one desk, gone with the other.
    await rowOf(he, 'smoke-1').click()
    await says(detail(zhou).getByTestId('viewers'), '何一鸣 正在查看')
    await he.keyboard.press('Escape')
    await expect.poll(() => detail(zhou).getByTestId('viewers').textContent(), PATIENCE).toBe('')

    // 5. What is not urgent is masked until someone asks, and who asked is on the record.
    await publish('meter-1', 'events', { event: 'tamper' })
    for (const page of [zhou, he]) await letIn(page, 'meter-1')
    await rowOf(he, 'meter-1').click()
    await detail(he).getByText('138****0012').waitFor()
    expect(await detail(he).getByRole('link', { name: /拨打/ }).count()).toBe(0)
    const tamper = await openAlarm('meter-1')
    expect([tamper.priority, await disclosures(tamper.id)]).toEqual([3, []])
    expect(new Set(numbersSent)).toEqual(
      new Set([`/api/v1/alarms/${gas.id}`, `/api/v1/alarms/${(await openAlarm('smoke-1')).id}`]),
    )
    await detail(he).getByRole('button', { name: '显示号码' }).click()
    await detail(he)
      .getByRole('link', { name: /拨打 李阿姨/ })
      .waitFor()
    expect((await disclosures(tamper.id)).map(({ action }) => action)).toEqual(['alarm.contacts_asked'])

    // 6. An act on what has changed meanwhile is refused in a sentence, beside the newest state.
    let held = () => {}
    await he.route('**/ack', async (route) => {
      await new Promise<void>((go) => (held = go))
      await route.continue()
    })
    const asked = he.waitForRequest('**/ack')
    await he.keyboard.press('a')
    await asked
    await admin.ok('POST', `/alarms/${tamper.id}/comment`, { text: '电工已在路上' })
    await detail(he).getByText('电工已在路上').waitFor()
    held()
    await says(detail(he).getByRole('alert'), '别人刚改动了这条报警')
    expect((await openAlarm('meter-1')).ack).toBeNull()
    await he.unroute('**/ack')
    await he.keyboard.press('a')
    await says(rowOf(zhou, 'meter-1'), /已接警.*何一鸣/)

    for (const page of [zhou, he]) await page.context().close()
  }, 180_000)

  it('are told what to say first and who leads by the administrator', async () => {
    await publish('gas-1', 'readings', { values: { gas_lel: 40 } })
    const [chief, zhou] = await Promise.all([sit('admin', ADMIN_PASSWORD, '/first-steps'), sit('zhou')])
    const steps = detail(zhou).getByRole('region', { name: '先说、先做' })
    await rowOf(zhou, 'gas-1').click()
    await says(steps.getByRole('listitem').first(), '关阀、开窗、人先出来')

    // Someone else saves first: the newer text is shown, and nothing is overwritten unseen.
    const line = chief.locator('[data-rule="gas.gas_lel"]')
    const dialog = chief.getByRole('dialog')
    await line.getByRole('button').click()
    await admin.ok('PUT', '/first-steps/gas.gas_lel', { version: 0, steps: [{ zh: '别人写的第一句' }] })
    await dialog.getByLabel('第 1 步，中文').fill('先关总阀，人到院子里')
    await dialog.getByRole('button', { name: '保存' }).click()
    await says(dialog.getByRole('alert'), '别人写的第一句')
    await dialog.getByRole('button', { name: '改用最新内容' }).click()
    expect(await dialog.getByLabel('第 1 步，中文').inputValue()).toBe('别人写的第一句')
    await dialog.getByLabel('第 1 步，中文').fill('先关总阀，人到院子里')
    await dialog.getByLabel('第 1 步，英文').fill('Main valve, then the yard')
    await dialog.getByRole('button', { name: '加一步' }).click()
    await dialog.getByLabel('第 2 步，中文').fill('打燃气公司')
    await says(dialog.getByRole('region', { name: '值班台上的样子' }), '打燃气公司')
    await dialog.getByRole('button', { name: '第 2 步上移' }).click()
    expect(await dialog.getByLabel('第 1 步，中文').inputValue()).toBe('打燃气公司')
    await dialog.getByRole('button', { name: '第 1 步下移' }).click()
    await dialog.getByRole('button', { name: '保存' }).click()
    await dialog.waitFor({ state: 'detached' })
    await says(line, /先关总阀.*改/)

    // The next opening at the latest.
    await zhou.keyboard.press('Escape')
    await rowOf(zhou, 'gas-1').click()
    await says(steps.getByRole('listitem').first(), '先关总阀，人到院子里')
    expect(await steps.getByRole('listitem').allTextContents()).toEqual(['先关总阀，人到院子里', '打燃气公司'])

    // The list narrows to what was changed; on a phone nothing is wider than the page; the default comes back when asked twice.
    await chief.setViewportSize({ width: 390, height: 844 })
    await chief.getByRole('button', { name: '已改', exact: true }).click()
    await expect.poll(() => chief.locator('[data-rule]').count(), PATIENCE).toBe(1)
    expect(await chief.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    await line.getByRole('button').click()
    await dialog.getByRole('button', { name: '恢复默认' }).click()
    await dialog.getByText('恢复后，值班台显示默认要点').waitFor()
    await dialog.getByRole('button', { name: '恢复默认' }).click()
    await dialog.waitFor({ state: 'detached' })
    await chief.getByText('还没有改过的要点').waitFor()
    await zhou.keyboard.press('Escape')
    await rowOf(zhou, 'gas-1').click()
    await says(steps.getByRole('listitem').first(), '关阀、开窗、人先出来')

    // The shift, on the status line.
    await chief.setViewportSize({ width: 1440, height: 900 })
    await says(chief.getByTestId('shift'), '08:30 接班')
    expect(await chief.getByTestId('shift').textContent()).not.toContain('带班')
    await chief.getByTestId('shift').getByRole('button').click()
    await dialog.getByLabel('带班领导').fill('陈立')
    await dialog.getByRole('button', { name: '加一个时间' }).click()
    await dialog.getByRole('button', { name: '保存' }).click()
    await says(chief.getByTestId('shift'), /带班 陈立/)
    await zhou.reload()
    await says(zhou.getByTestId('shift'), /带班 陈立.*(08|20):30 接班/)
    await says(zhou.getByTestId('officer'), /周晓岚.*值班员.*\d\d:\d\d 登录/)
    await zhou.goto(`${hub.base}/first-steps`)
    await zhou.getByText('没有权限').first().waitFor()
    // In the list of sites a masked number is no number to call.
    await zhou.goto(`${hub.base}/sites`)
    await zhou.getByText('138****0012').waitFor()
    expect(await zhou.locator('a[href^="tel:"]').count()).toBe(0)
    for (const page of [chief, zhou]) await page.context().close()
  }, 180_000)
})
