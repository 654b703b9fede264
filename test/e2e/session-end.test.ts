// A duty session over its 26 hours, in a real browser on the real server with its clock moved: the desk is asked in time and in
// place, never goes blank, and only acts need the password.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { PASSWORD, World } from '../dashboard/server/world.ts'
import { browserPath, buildPages, launchBrowser } from '../support/browser.ts'

const P1_HZ = 970
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const mayRun = browserPath() !== undefined || process.env['ZHIAN_REQUIRE_SERVICES'] === '1'

describe.skipIf(!mayRun)('the end of a session', () => {
  let world: World
  let pages: Awaited<ReturnType<typeof buildPages>>
  let browser: Browser
  let page: Page
  const complaints: string[] = []

  beforeAll(async () => {
    pages = await buildPages()
    browser = await launchBrowser(['--autoplay-policy=no-user-gesture-required'])
    // A page is told the hub's time with every heartbeat; at their true rate the moved clock would be seen late.
    world = await World.start({
      webRoot: pages.webRoot,
      rhythm: { heartbeat: 300, sweep: 100, recheck: 500, viewers: 200 },
    })
    await world.commit(world.entry({ alarmId: 'before', place: 'a', priority: 1 }))
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await world?.stop()
    await pages?.remove()
    expect(complaints).toEqual([])
  })

  it('is told half an hour before, in a line that covers nothing; after it the desk shows, and acts ask', async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'zh-CN' })
    page = await context.newPage()
    page.setDefaultTimeout(45_000)
    page.on('pageerror', (error) => complaints.push(error.message))
    // The tones that the horn starts, Hz.
    await page.addInitScript(() => {
      const tones: number[] = []
      Object.assign(window, { tones })
      const start = OscillatorNode.prototype.start
      OscillatorNode.prototype.start = function (when?: number) {
        tones.push(this.frequency.value)
        start.call(this, when)
      }
    })
    const tones = () => page.evaluate(() => (window as unknown as { tones: number[] }).tones)
    const began = Date.now()
    await page.request.post(`${world.base}/api/v1/session`, { data: { username: 'duty', password: PASSWORD } })
    await page.goto(`${world.base}/desk`)
    const row = (id: string) => page.locator(`[data-alarm="${id}"]`)
    const line = page.getByTestId('session-end')
    const dialog = page.getByRole('dialog')
    const live = () => page.waitForSelector('[data-testid=veil][data-phase=live]')
    const at = (ms: number) => (world.clock = () => began + ms)
    await row('before').waitFor()
    expect(await line.count()).toBe(0)

    // The desk is used all day: its feed keeps it from idling, eight hours and more without a request.
    for (let hours = 6; hours < 25; hours += 6) {
      at(hours * HOUR)
      await expect.poll(async () => (await seen())?.lastSeenAt, { timeout: 45_000 }).toBe(began + hours * HOUR)
    }
    at(25 * HOUR)
    await live()
    expect(await line.count()).toBe(0)

    // 25:31: the line is there, the list and its keys are as they were, and the focus is not taken.
    at(25 * HOUR + 31 * MINUTE)
    await line.getByText(/登录 \d\d:\d\d 到期/).waitFor()
    expect(await dialog.count()).toBe(0)
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.locator('article.detail').waitFor()
    await line.getByRole('button', { name: '稍后' }).click()
    await line.waitFor({ state: 'detached' })
    at(25 * HOUR + 42 * MINUTE)
    await line.waitFor()

    // After the end: shown, sounding, live; an alarm comes and is read, and an act asks for the password.
    at(26 * HOUR + 5 * MINUTE)
    await line.getByText('登录已到期：画面和声音照常').waitFor()
    await world.commit(world.entry({ alarmId: 'after', place: 'a', priority: 1 }))
    await row('after').click()
    await page.getByRole('link', { name: /拨打 房东甲/ }).waitFor()
    await live()
    const acts = world.acts.length
    await page.keyboard.press('a')
    await dialog.getByLabel('密码').waitFor()
    expect(world.acts.length).toBe(acts)
    // A page that is loaded anew in this hour shows the same.
    await page.reload()
    await live()
    await row('after').waitFor()
    expect(await dialog.count()).toBe(0)

    // 27 hours: an alarm that comes now is painted, and the horn calls for it.
    at(27 * HOUR)
    const before = (await tones()).length
    await world.commit(world.entry({ alarmId: 'night', place: 'b', priority: 1 }))
    await row('night').waitFor()
    await expect.poll(async () => (await tones()).slice(before), { timeout: 45_000 }).toContain(P1_HZ)
    await live()

    // The password in the line: wrong, then right; the same page goes on, and the act goes through.
    await line.getByLabel('密码').fill('not it')
    await line.getByRole('button', { name: '重新登录' }).click()
    await line.getByText('用户名或密码不对').waitFor()
    await line.getByLabel('密码').fill(PASSWORD)
    await line.getByLabel('密码').press('Enter')
    await line.waitFor({ state: 'detached' })
    await row('after').click()
    await page.keyboard.press('a')
    await expect.poll(() => world.acts.length, { timeout: 45_000 }).toBe(acts + 1)
    await context.close()

    async function seen() {
      const cookie = (await context.cookies()).find(({ name }) => name === 'zhian')?.value ?? ''
      return (await world.ledger.sessions.find(cookie, world.clock?.() ?? Date.now()))?.session
    }
  }, 180_000)
})
