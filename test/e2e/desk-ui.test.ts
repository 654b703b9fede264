// The duty desk in a real browser against the fake hub: keys, the veil and catching up, rows that wait, filters, policy.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import { FakeHub, PASSWORD } from '../dashboard/web/fake-hub.ts'
import type { FakeHubOptions } from '../dashboard/web/fake-hub.ts'
import { buildPages, launchBrowser } from '../support/browser.ts'

let pages: Awaited<ReturnType<typeof buildPages>>
let browser: Browser
let context: BrowserContext
let hub: FakeHub
let page: Page
/** Whatever the browser complained about; every test ends with none. */
let complaints: string[]

beforeAll(async () => {
  pages = await buildPages()
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await pages?.remove()
})
beforeEach(() => {
  complaints = []
})
afterEach(async () => {
  await context?.close()
  await hub?.stop()
  expect(complaints).toEqual([])
})

async function open(
  options: FakeHubOptions,
  path = '/desk',
  username: string | null = 'duty',
  size = { width: 1440, height: 900 },
) {
  hub = new FakeHub({ ...options, webRoot: pages.webRoot })
  await hub.start()
  context = await browser.newContext({ viewport: size })
  page = await context.newPage()
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // A refused connection or an expected refusal is what these tests provoke; anything else is a fault of the page.
    const provoked = /ERR_|WebSocket|Failed to load resource/.test(message.text())
    if (message.type() === 'error' && !provoked) complaints.push(message.text())
  })
  if (username !== null)
    await page.request.post(`${hub.url}/api/v1/session`, { data: { username, password: PASSWORD } })
  await page.goto(hub.url + path)
}
const rows = () => page.locator('[data-alarm]')
const row = (id: string) => page.locator(`[data-alarm="${id}"]`)
const link = () => page.getByTestId('link')
const waitText = (locator: Locator, text: string) => locator.filter({ hasText: text }).waitFor()
const selected = () => page.locator('[data-alarm][aria-selected="true"]').getAttribute('data-alarm')
const idsShown = () => rows().evaluateAll((elements) => elements.map((element) => element.getAttribute('data-alarm')))

describe('signing in', () => {
  it('keeps the address one came for', async () => {
    await open({ alarms: 3 }, '/devices?kind=gas', null)
    await page.getByLabel('用户名').fill('duty')
    await page.getByLabel('密码').fill('wrong')
    await page.getByRole('button', { name: '登录' }).click()
    await waitText(page.getByRole('alert'), '用户名或密码不对')
    await page.getByLabel('密码').fill(PASSWORD)
    await page.getByRole('button', { name: '登录' }).click()
    await page.getByRole('heading', { name: '设备' }).waitFor()
    expect(new URL(page.url()).search).toBe('?kind=gas')
  })

  it('asks for a password of one’s own before anything else', async () => {
    await open({ alarms: 1 }, '/desk', 'new')
    await page.locator('input[name=current]').fill(PASSWORD)
    await page.locator('input[name=next]').fill('a much better one')
    await page.locator('input[name=repeat]').fill('a much better one')
    await page.getByRole('button', { name: '修改密码' }).click()
    await waitText(link(), '实时')
  })

  it('sets the first password by the printed link', async () => {
    await open({ alarms: 1 }, '/setup?code=first', null)
    await page.locator('input[name=next]').fill(PASSWORD)
    await page.locator('input[name=repeat]').fill(PASSWORD)
    await page.getByRole('button', { name: '设置密码并登录' }).click()
    await waitText(link(), '实时')
    expect(new URL(page.url()).pathname).toBe('/desk')
  })
})

describe('the list', () => {
  it('paints a new alarm, measures it, and reports it as shown', async () => {
    await open({ alarms: 2 })
    await waitText(link(), '实时')
    await waitText(page.getByLabel('状态栏'), '时延 —')
    const raised = hub.raise(0, { nth: 5 })
    await row(raised.id).waitFor()
    await expect.poll(() => hub.shown).toContain(raised.seq)
    await waitText(page.getByLabel('状态栏'), '时延 p50')
    expect(hub.desks.length).toBeGreaterThan(0)
  })

  it('draws only what is in view of 2,000 alarms, and reports only that', async () => {
    await open({ alarms: 2000, devices: 400 })
    await rows().first().waitFor()
    expect(await rows().count()).toBeLessThan(60)
    await expect.poll(() => hub.shown.length).toBeGreaterThan(5)
    expect(hub.shown.length).toBeLessThan(60)
  })

  it('tells a manager of their own sites only', async () => {
    await open({ alarms: 40 }, '/desk', 'manager')
    await waitText(link(), '实时')
    const own = hub.raise(0, { changes: { siteId: 'site-1' } })
    const other = hub.raise(0, { changes: { siteId: 'site-9' } })
    await row(own.id).waitFor()
    const third = hub.raise(0, { changes: { siteId: 'site-0' } })
    await row(third.id).waitFor()
    await waitText(link(), '实时')
    expect(await row(other.id).count()).toBe(0)
  })

  it('filters by what the address says, and says what a filter hides', async () => {
    await open({ alarms: 12 }, '/desk?category=gas')
    await rows().first().waitFor()
    expect(await rows().count()).toBe(1)
    await page.getByLabel('类型').selectOption({ label: '火警' })
    await page.getByText('筛选之外还有').waitFor()
    await page.getByRole('button', { name: '清除筛选' }).last().click()
    await expect.poll(() => rows().count()).toBe(8)
    await page.getByRole('tab', { name: '未接警' }).click()
    await expect.poll(() => rows().count()).toBeLessThan(8)
    await page.getByRole('tab', { name: '维护' }).click()
    await page.locator('[data-priority="4"][data-alarm]').first().waitFor()
    expect(new URL(page.url()).searchParams.get('tab')).toBe('maintenance')
  })

  it('says that an empty list is a live one', async () => {
    await open({ alarms: 0 })
    await page.getByText('没有未结束的报警').waitFor()
    await page.getByText('连接正常').waitFor()
  })
})

describe('a signal that is on or off', () => {
  it('reads as its word in the row, the detail and the timeline, not as 1 against a limit of 1', async () => {
    await open({ alarms: 0 })
    await waitText(link(), '实时')
    const smoke = hub.raise(5, { nth: 3, changes: { value: 1, limit: 1 } })
    const heat = hub.raise(1, { nth: 4 })
    await waitText(row(smoke.id), '报警')
    await waitText(row(heat.id), '412')
    await row(smoke.id).click()
    const detail = page.locator('article.detail')
    await detail.getByRole('listitem').filter({ hasText: '触发' }).filter({ hasText: '报警' }).waitFor()
    expect((await row(smoke.id).locator('.reading').textContent())?.trim()).toBe('报警')
    expect((await detail.locator('.reading').textContent())?.trim()).toBe('报警')
    expect(await detail.getByRole('listitem').filter({ hasText: '触发' }).textContent()).not.toMatch(/ 1 /)
  })
})

describe('rows that wait', () => {
  it('do not move what is being read, and come in when asked for', async () => {
    await open({ alarms: 12 })
    await rows().first().waitFor()
    await page.keyboard.press('KeyJ')
    await page.keyboard.press('KeyJ')
    const before = await idsShown()
    const under = await selected()
    const raised = hub.raise(0, { nth: 7 })
    hub.change(before[4] as string, 'closed', { closedAt: Date.now() }, { reason: 'acknowledged_and_normal' })
    await page.getByText('1 条新报警').waitFor()
    await waitText(row(before[4] as string), '已结束')
    expect(await idsShown()).toEqual(before)
    expect(await selected()).toBe(under)
    await page.keyboard.press('KeyN')
    await row(raised.id).waitFor()
    const after = await idsShown()
    expect(after[0]).toBe(raised.id)
    expect(after).not.toContain(before[4])
    expect(await selected()).toBe(under)
  })

  it('come in by themselves when nobody reads', async () => {
    await open({ alarms: 12 })
    await rows().first().waitFor()
    const raised = hub.raise(0, { nth: 7 })
    await expect.poll(async () => (await idsShown())[0]).toBe(raised.id)
  })
})

describe('keys', () => {
  it('acknowledge a P1 only from its opened detail, and show it done only when the feed says so', async () => {
    await open({ alarms: 12 })
    await rows().first().waitFor()
    await page.keyboard.press('KeyJ')
    const id = (await selected()) as string
    await page.keyboard.press('KeyA')
    await page.getByText('紧急报警须先打开详情再接警').waitFor()
    expect(hub.journal.alarms.get(id)?.ack).toBeNull()
    await page.keyboard.press('Enter')
    await page.getByRole('article', { name: '燃气报警' }).waitFor()
    hub.loseEvents(true)
    await page.keyboard.press('KeyA')
    await waitText(row(id), '正在发送')
    await expect.poll(() => hub.journal.alarms.get(id)?.ack?.by.name).toBe('周晓岚')
    await waitText(row(id), '正在发送')
    hub.loseEvents(false)
    hub.beatNow()
    await waitText(row(id), '已接警')
  })

  it('do nothing in a field, while composing, or on repeat', async () => {
    await open({ alarms: 12 })
    await rows().first().waitFor()
    await page.keyboard.press('KeyJ')
    await page.keyboard.press('KeyJ')
    const id = (await selected()) as string
    expect(hub.journal.alarms.get(id)?.priority).toBe(2)
    const seq = hub.journal.head
    await page.keyboard.press('Slash')
    await page.keyboard.press('KeyA')
    expect(await page.getByPlaceholder('搜索报警 (/)').inputValue()).toBe('a')
    await page.getByPlaceholder('搜索报警 (/)').fill('')
    await page.keyboard.press('Escape')
    await page.evaluate(() => {
      for (const init of [{ isComposing: true }, { repeat: true }, { keyCode: 229 }, { ctrlKey: true }])
        document.body.dispatchEvent(new KeyboardEvent('keydown', { code: 'KeyA', key: 'a', bubbles: true, ...init }))
    })
    await page.keyboard.press('KeyK')
    expect(hub.journal.head).toBe(seq)
  })

  it('comment, reset with its refusal, help and close', async () => {
    await open({ alarms: 12 })
    await rows().first().waitFor()
    const latched = hub.raise(1, { nth: 3, changes: { condition: 'latched' } })
    await row(latched.id).click()
    const detail = page.getByRole('article')
    await page.keyboard.press('KeyR')
    await waitText(detail.getByRole('alert'), '请先接警')
    await page.keyboard.press('KeyC')
    await page.getByLabel('写下看到、听到或安排的事').fill('房东已开窗')
    await page.getByRole('button', { name: '记入时间线' }).click()
    await detail.getByText('房东已开窗').waitFor()
    await page.keyboard.press('KeyA')
    await expect.poll(() => hub.journal.alarms.get(latched.id)?.ack).not.toBeNull()
    await detail.getByText(/周晓岚 [\d:]+ 接警/).waitFor()
    await page.keyboard.press('KeyR')
    await expect.poll(() => hub.journal.alarms.get(latched.id)?.closedAt).not.toBeNull()
    await page.keyboard.press('Shift+Slash')
    await page.getByRole('dialog', { name: '按键' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('Escape')
    await page.getByText('未选中报警').waitFor()
  })

  it('end a frozen alarm by what was found on site, and explain why it could not be', async () => {
    await open({ alarms: 3 })
    await rows().first().waitFor()
    const frozen = hub.raise(1, { nth: 3, changes: { condition: 'frozen' } })
    await row(frozen.id).click()
    const dialog = page.getByRole('dialog', { name: '现场核实' })
    const submit = dialog.getByRole('button', { name: '记录并结束报警' })
    const fill = async (text: string) => {
      await page.keyboard.press('KeyF')
      await dialog.getByLabel('谁到场、看到什么').fill(text)
      expect(await submit.isDisabled()).toBe(true)
      await dialog.getByText('已有人到现场看过').click()
      await submit.click()
    }
    hub.loseEvents(true)
    hub.change(frozen.id, 'unfrozen', { condition: 'active' }, { reason: 'good_value' })
    await fill('李电工到场，线路正常')
    await waitText(page.getByRole('article').getByRole('alert'), '别人刚改动了这条报警')
    hub.loseEvents(false)
    hub.beatNow()
    await page.getByRole('button', { name: /现场核实/ }).waitFor({ state: 'detached' })
    hub.change(frozen.id, 'frozen', { condition: 'frozen' }, { reason: 'device_silent' })
    await page.getByRole('button', { name: /现场核实/ }).waitFor()
    await fill('李电工到场，线路正常')
    await expect.poll(() => hub.journal.entries.at(-1)?.reason).toBe('field_verified')
    expect(hub.journal.entries.at(-1)?.comment).toBe('李电工到场，线路正常')
    await waitText(page.getByRole('article'), '已结束')
  })

  it('offer 现场核实 and 核实结论 to nobody whose role may not', async () => {
    await open({ alarms: 3 }, '/desk', 'landlord')
    await waitText(link(), '实时')
    const frozen = hub.raise(1, { nth: 3, changes: { condition: 'frozen', siteId: 'site-1' } })
    await row(frozen.id).click()
    await page.getByRole('article').getByText('没有消息不等于安全').waitFor()
    await page.keyboard.press('KeyF')
    await page.keyboard.press('KeyV')
    expect(await page.getByRole('button', { name: /现场核实|核实结论/ }).count()).toBe(0)
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  it('offer every reason of 接警 one key away', async () => {
    await open({ alarms: 12 })
    await rows().first().waitFor()
    await page.keyboard.press('KeyJ')
    await page.keyboard.press('Enter')
    const id = (await selected()) as string
    await page.keyboard.press('Shift+KeyA')
    await page.getByRole('menuitem', { name: '已转 119' }).click()
    await expect.poll(() => hub.journal.alarms.get(id)?.ack?.reason).toBe('handed_to_119')
  })

  it('explain an act that someone else overtook', async () => {
    await open({ alarms: 12 })
    await rows().first().waitFor()
    await rows().first().click()
    const id = (await selected()) as string
    hub.loseEvents(true)
    hub.change(id, 'commented', {}, { by: hub.users[0]!, comment: '我来' })
    await page.keyboard.press('KeyA')
    await waitText(page.getByRole('article').getByRole('alert'), '别人刚改动了这条报警')
    expect(hub.journal.alarms.get(id)?.ack).toBeNull()
  })
})

describe('G3: a link that breaks', () => {
  it('veils the page with the time, changes tab and icon, then says how many it caught up on', async () => {
    await open({ alarms: 12 })
    await waitText(link(), '实时')
    await rows().first().click()
    await page.getByRole('link', { name: /拨打 李阿姨/ }).waitFor()
    hub.cut()
    await waitText(link(), '起断开')
    await page.getByText('画面停在').waitFor()
    expect(await page.getByTestId('veil').getAttribute('class')).toContain('stale')
    expect(await page.getByRole('link', { name: /拨打 李阿姨/ }).count()).toBe(1)
    await page.waitForFunction(() => document.title.includes('断开'))
    await page.locator('#favicon[href="/favicon-down.svg"]').waitFor({ state: 'attached' })
    const missed = [hub.raise(0, { nth: 3 }), hub.raise(1, { nth: 4 }), hub.raise(3, { nth: 5 })]
    hub.mend()
    await waitText(page.getByTestId('caught-up'), `已补齐 3 条，至 #${hub.journal.head}，丢失 0`)
    await waitText(link(), '实时')
    for (const alarm of missed) await row(alarm.id).waitFor()
    expect(await page.getByTestId('veil').getAttribute('class')).not.toContain('stale')
  })

  it('that never was there is not taken for calm: no page says that there are no alarms', async () => {
    await open({ alarms: 3 }, '/desk', null)
    hub.cut()
    await page.request.post(`${hub.url}/api/v1/session`, { data: { username: 'duty', password: PASSWORD } })
    await page.reload()
    await page.getByText('还没有读到报警列表').waitFor()
    expect(await page.getByText('没有未结束的报警').count()).toBe(0)
    expect(await page.getByText('未接警 –').count()).toBe(1)
    hub.mend()
    await waitText(link(), '实时')
    expect(await rows().count()).toBe(3)
  })

  it('reads the opened alarm when it changes, and not otherwise', async () => {
    await open({ alarms: 3 })
    const read: string[] = []
    page.on('request', (request) => /alarms\/a\d+$/.test(request.url()) && read.push(request.url()))
    await rows().first().click()
    const id = (await selected()) as string
    await page.getByRole('link', { name: /拨打/ }).first().waitFor()
    hub.change(id, 'commented', {}, { by: hub.users[0]!, comment: '已到现场' })
    await page.getByText('已到现场').waitFor()
    hub.beatNow()
    hub.raise(3, { nth: 9 })
    await page.getByText('1 条新报警').waitFor()
    expect(read).toHaveLength(2)
  })

  it('finds a lost transition by its gap, and shows a repeated one once', async () => {
    await open({ alarms: 4 })
    await waitText(link(), '实时')
    hub.loseEvents(true)
    const lost = hub.raise(1, { nth: 8 })
    hub.loseEvents(false)
    const heard = hub.raise(1, { nth: 9 })
    hub.repeatLast()
    await row(lost.id).waitFor()
    await row(heard.id).waitFor()
    expect(await row(heard.id).count()).toBe(1)
    await waitText(link(), '实时')
  })

  it('is dead after fifteen seconds without a heartbeat, though the socket stays open', async () => {
    await open({ alarms: 2 })
    await waitText(link(), '实时')
    hub.holdHeartbeats(true)
    hub.cutOnReconnect()
    await link().filter({ hasText: '起断开' }).waitFor({ timeout: 25_000 })
    hub.holdHeartbeats(false)
    hub.mend()
    await waitText(link(), '实时')
  })

  it('keeps showing when the session ends, and asks for the password in place', async () => {
    await open({ alarms: 12 })
    await rows().first().waitFor()
    await rows().first().click()
    hub.signedIn.clear()
    await page.keyboard.press('KeyA')
    const dialog = page.getByRole('dialog', { name: '登录已到期' })
    await dialog.waitFor()
    expect(await rows().count()).toBeGreaterThan(0)
    await dialog.getByLabel('密码').fill(PASSWORD)
    await dialog.getByRole('button', { name: '重新登录' }).click()
    await dialog.waitFor({ state: 'detached' })
    await waitText(link(), '实时')
    await page.keyboard.press('KeyA')
    await waitText(rows().first(), '已接警')
  })
})

describe('every page', () => {
  it.each([
    '/desk',
    '/devices',
    '/devices/electricity-00001',
    '/devices/smoke-00039',
    '/sites',
    '/users',
    '/first-steps',
    '/account',
    '/nowhere',
  ])('%s is drawn in both languages without a complaint, and fits 320 px', async (path) => {
    await open({ alarms: 12, devices: 80 }, path, 'admin', { width: 320, height: 640 })
    await waitText(link(), '实时')
    await page.waitForLoadState('networkidle')
    for (const language of ['zh', 'en'] as const) {
      await page.evaluate((chosen) => localStorage.setItem('zhian.language', chosen), language)
      await page.reload()
      await waitText(link(), language === 'zh' ? '实时' : 'Live')
      await page.waitForLoadState('networkidle')
      const [needed, has] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.documentElement.clientWidth,
      ])
      expect(needed).toBeLessThanOrEqual(has as number)
    }
  })

  it('teaches the first publish on the page of a device that was never heard', async () => {
    await open({ alarms: 1 }, '/devices/smoke-00039', 'admin')
    await page.getByText('还没有收到过消息').waitFor()
    await page.getByText(/mosquitto_pub .* -u smoke-00039 -P TOKEN .* zhian\/v1\/smoke-00039\/readings/).waitFor()
  })

  it('draws the chart in the colours of the theme that it is switched to', async () => {
    await open({ alarms: 1 }, '/devices/electricity-00001', 'admin')
    const chart = page.getByRole('slider', { name: /剩余电流/ }).first()
    await chart.locator('canvas').waitFor()
    /** The drawn colours: the most common ones of the canvas that are not transparent. */
    const drawn = () =>
      chart.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
        const seen = new Map<string, number>()
        for (let at = 0; at < data.length; at += 4)
          if (data[at + 3] === 255) {
            const colour = `#${[...data.slice(at, at + 3)].map((part) => part.toString(16).padStart(2, '0')).join('')}`
            seen.set(colour, (seen.get(colour) ?? 0) + 1)
          }
        return [...seen.keys()]
      })
    const rule = () =>
      page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--rule').trim().toLowerCase())
    const before = await rule()
    expect(await drawn()).toContain(before)
    await page.getByRole('button', { name: /换.间主题/ }).click()
    const after = await rule()
    expect(after).not.toBe(before)
    await expect.poll(drawn).toContain(after)
    expect(await drawn()).not.toContain(before)
  })

  it('tells a duty officer that the users are not theirs', async () => {
    await open({ alarms: 1 }, '/users')
    await page.getByText('没有权限').waitFor()
  })

  it('adds a device and shows its token once, with the line that makes the first publish', async () => {
    await open({ alarms: 1 }, '/devices', 'admin')
    await page.getByRole('button', { name: '添加设备' }).first().click()
    await page.getByLabel('设备编号').fill('gas-new')
    await page.getByLabel('名称', { exact: true }).fill('厨房')
    await page.locator('#add-kind').selectOption({ label: '燃气报警' })
    await page.getByRole('dialog').getByRole('button', { name: '添加设备' }).click()
    await page.getByText('令牌只显示这一次').waitFor()
    await page
      .getByText(/mosquitto_pub -h 127\.0\.0\.1 -p 1884 -u gas-new -P \S+ -q 1 -t zhian\/v1\/gas-new\/readings/)
      .waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: '已保存好' }).click()
    await page.getByText('gas-new').first().waitFor()
  })

  it('shows an import’s errors at their lines, and offers its tokens once', async () => {
    await open({ alarms: 1 }, '/devices', 'admin')
    await page.getByRole('button', { name: '批量导入' }).first().click()
    const file = page.getByLabel('选择文件')
    const table = (text: string) => ({ name: 'd.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
    await file.setInputFiles(table('id,kind,name\nx1,gas,a\nbroken\n'))
    await page.getByRole('button', { name: '导入', exact: true }).click()
    await page.getByText('第 3 行').waitFor()
    await page.getByText('broken').waitFor()
    await file.setInputFiles(table('id,kind,name\nx1,gas,a\nx2,gas,b\n'))
    await page.getByRole('button', { name: '导入', exact: true }).click()
    await page.getByText('已导入 2 台').waitFor()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: '下载令牌 CSV' }).click(),
    ])
    expect(download.suggestedFilename()).toBe('zhian-tokens.csv')
  })
})
