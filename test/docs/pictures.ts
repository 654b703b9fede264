// The pictures of the documentation: one shift at a desk, from signing in to a lost line, as a real browser shows it.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Locator, Page } from 'playwright-core'
import { Api } from '../support/api.ts'
import { launchBrowser } from '../support/browser.ts'
import { ADMIN_PASSWORD, startHubProcess, until } from '../support/hub-process.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { ALARMS, happen, PASSWORD, settle } from './scene.ts'

const DOCS = join(import.meta.dirname, '..', '..', 'docs')
const README = join(DOCS, 'images')
const GUIDE = join(DOCS, 'guide', 'images')

const DESKTOP = { width: 1440, height: 900 }
const PHONE = { width: 390, height: 844 }

interface View {
  readonly colorScheme: 'dark' | 'light'
  readonly viewport?: typeof DESKTOP
}

async function open(browser: Browser, { colorScheme, viewport = DESKTOP }: View): Promise<Page> {
  const context = await browser.newContext({ viewport, colorScheme, locale: 'zh-CN', timezoneId: 'Asia/Shanghai' })
  const page = await context.newPage()
  // How many beeps the sound check played: what an officer hears.
  await page.addInitScript(() => {
    const start = OscillatorNode.prototype.start
    Object.assign(window, { beeps: 0 })
    OscillatorNode.prototype.start = function (when?: number) {
      ;(window as unknown as { beeps: number }).beeps += 1
      start.call(this, when)
    }
  })
  return page
}

async function signIn(page: Page, base: string, username = 'zhou', password = PASSWORD): Promise<void> {
  await page.goto(`${base}/`)
  await page.locator('input[name=username]').fill(username)
  await page.locator('input[name=password]').fill(password)
  await page.locator('button[type=submit]').click()
  await page.waitForSelector('[data-testid=veil][data-phase=live]')
}

async function shoot(target: Page | Locator, folder: string, name: string): Promise<void> {
  await target.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled', caret: 'hide' })
}

const openFirst = async (page: Page): Promise<void> => {
  await page.locator('[role=option]').first().click()
  await page.locator('article.detail canvas').first().waitFor()
}

async function soundCheck(page: Page): Promise<void> {
  await page.getByTestId('horn').getByRole('button').first().click()
  await page.getByRole('dialog').waitFor()
  await shoot(page.getByRole('dialog'), GUIDE, 'sound-check')
  await page.getByRole('button', { name: /播放/ }).click()
  await page.getByRole('button', { name: /重新播放/ }).waitFor()
  const beeps = await page.evaluate(() => (window as unknown as { beeps: number }).beeps)
  await page.getByLabel('听到几声').fill(String(beeps))
  await page.getByRole('button', { name: '填好了' }).click()
  await page.getByRole('button', { name: '开始值班' }).click()
}

for (const folder of [README, GUIDE]) mkdirSync(folder, { recursive: true })
const hub = await startHubProcess()
const line = await startTcpProxy({ port: hub.httpPort })
const browser = await launchBrowser(['--autoplay-policy=no-user-gesture-required'])
try {
  const admin = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
  const tokens = await settle(admin)

  const desk = await open(browser, { colorScheme: 'dark' })
  await desk.goto(hub.base)
  await desk.locator('input[name=username]').waitFor()
  await shoot(desk, GUIDE, 'sign-in')
  await signIn(desk, `http://127.0.0.1:${line.port}`)
  await soundCheck(desk)
  await shoot(desk, GUIDE, 'quiet')

  await happen(hub, tokens)
  // The slowest of them waits half a minute before it counts.
  await until(
    'the alarms stand',
    async () => (await admin.ok<{ total: number }>('GET', '/alarms?open=true')).total >= ALARMS - 1,
    90_000,
  )
  await openFirst(desk)
  await shoot(desk, README, 'desk')
  await shoot(desk.locator('article.detail'), GUIDE, 'detail')
  await desk.keyboard.press('a')
  await desk.locator('article.detail').getByText('周晓岚').first().waitFor()
  await shoot(desk, GUIDE, 'acknowledged')
  await desk.keyboard.press('v')
  await desk.getByRole('dialog').waitFor()
  await shoot(desk.getByRole('dialog'), GUIDE, 'verdict')
  await desk.keyboard.press('Escape')
  await desk.getByRole('dialog').waitFor({ state: 'detached' })
  await desk.keyboard.press('Shift+Slash')
  await desk.getByRole('dialog').waitFor()
  await shoot(desk.getByRole('dialog'), GUIDE, 'keys')
  await desk.keyboard.press('Escape')
  await desk.getByRole('dialog').waitFor({ state: 'detached' })
  line.refuse(true)
  line.cut()
  await desk.waitForSelector('[data-testid=veil]:not([data-phase=live])')
  await shoot(desk, GUIDE, 'disconnected')
  line.refuse(false)
  await desk.waitForSelector('[data-testid=veil][data-phase=live]')

  const day = await open(browser, { colorScheme: 'light' })
  // A desk is dark until its officer wants it light.
  await day.addInitScript(() => localStorage.setItem('zhian.theme', 'day'))
  await signIn(day, hub.base)
  await openFirst(day)
  await shoot(day, README, 'desk-day')
  await day.goto(`${hub.base}/alarms`)
  await day.waitForSelector('[data-testid=veil][data-phase=live]')
  await day.getByText('共用厨房').first().waitFor()
  await shoot(day, GUIDE, 'history')

  const phone = await open(browser, { colorScheme: 'light', viewport: PHONE })
  await signIn(phone, hub.base)
  await phone.locator('[role=option]').first().waitFor()
  await shoot(phone, README, 'phone')

  const administrator = await open(browser, { colorScheme: 'light' })
  await signIn(administrator, hub.base, 'admin', ADMIN_PASSWORD)
  for (const [path, name, text] of [
    ['/first-steps', 'first-steps', '燃气'],
    ['/counters', 'counters', '入库'],
    ['/devices/gas-12', 'device', '共用厨房'],
  ] as const) {
    await administrator.goto(`${hub.base}${path}`)
    await administrator.waitForSelector('[data-testid=veil][data-phase=live]')
    await administrator.getByText(text).first().waitFor()
    if (name === 'device') await administrator.locator('canvas').first().waitFor()
    await shoot(administrator, GUIDE, name)
  }
} finally {
  await browser.close()
  await line.stop()
  await hub.dispose()
}
