// The pictures of the desk's guide: one shift, from signing in to a lost line.
import type { Page } from 'playwright-core'
import { ADMIN_PASSWORD, until } from '../support/hub-process.ts'
import { GUIDE, live, open, PHONE, README, shoot, signIn } from './camera.ts'
import { ALARMS, happen } from './scene.ts'
import type { Stage } from './stage.ts'

/** How many beeps the sound check played: what an officer hears. */
const countBeeps = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    const start = OscillatorNode.prototype.start
    Object.assign(window, { beeps: 0 })
    OscillatorNode.prototype.start = function (when?: number) {
      ;(window as unknown as { beeps: number }).beeps += 1
      start.call(this, when)
    }
  })

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

export async function deskPictures({ hub, line, browser, admin, tokens }: Stage): Promise<void> {
  const desk = await open(browser, { colorScheme: 'dark' })
  await countBeeps(desk)
  await desk.goto(hub.base)
  await desk.locator('input[name=username]').waitFor()
  await shoot(desk, GUIDE, 'sign-in')
  await signIn(desk, `http://127.0.0.1:${line.port}`, 'zhou')
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
  await desk.locator('article.detail').getByText('已接警').first().waitFor()
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
  await live(desk)

  const day = await open(browser, { colorScheme: 'light' })
  // A desk is dark until its officer wants it light.
  await day.addInitScript(() => localStorage.setItem('zhian.theme', 'day'))
  await signIn(day, hub.base, 'zhou')
  await openFirst(day)
  await shoot(day, README, 'desk-day')
  await day.goto(`${hub.base}/alarms`)
  await live(day)
  await day.getByText('共用厨房').first().waitFor()
  await shoot(day, GUIDE, 'history')

  const phone = await open(browser, { ...PHONE, colorScheme: 'light' })
  await signIn(phone, hub.base, 'zhou')
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
    await live(administrator)
    await administrator.getByText(text).first().waitFor()
    if (name === 'device') await administrator.locator('canvas').first().waitFor()
    await shoot(administrator, GUIDE, name)
  }
}
