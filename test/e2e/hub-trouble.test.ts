// What a hub says of its own trouble with every heartbeat, on the desk and on the telephone: nobody looks at a quiet page and
// believes that all is well while nothing can be stored.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { PASSWORD, World } from '../dashboard/server/world.ts'
import { browserPath, buildPages, launchBrowser } from '../support/browser.ts'
import { misfits, violations } from './page-checks.ts'

const PATIENCE = 45_000
const SCREENS = [
  { screen: 'the desk', username: 'duty', path: '/desk', width: 1440, live: '[data-testid=veil][data-phase=live]' },
  {
    screen: 'the telephone',
    username: 'manager',
    path: '/m/',
    width: 390,
    live: '[data-testid=phone][data-phase=live]',
  },
] as const
const LANGUAGES = [
  { language: 'zh', alarm: '剩余电流超限', notStoring: /平台暂时无法正常存储或处理/, late: /稍后补齐/ },
  {
    language: 'en',
    alarm: 'Residual current over limit',
    notStoring: /The hub cannot store or decide as it should/,
    late: /[Ff]ill(ed)? in/,
  },
] as const

const mayRun = browserPath() !== undefined || process.env['ZHIAN_REQUIRE_SERVICES'] === '1'

describe.skipIf(!mayRun)('a hub in trouble', () => {
  let pages: Awaited<ReturnType<typeof buildPages>>
  let browser: Browser
  let world: World
  let context: BrowserContext

  beforeAll(async () => {
    pages = await buildPages()
    browser = await launchBrowser()
    world = await World.start({ webRoot: pages.webRoot })
    await world.raiseThree()
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await world?.stop()
    await pages?.remove()
  })
  afterEach(async () => {
    await context?.close()
  })

  describe.each(SCREENS)('on $screen', ({ username, path, width, live }) => {
    it.each(LANGUAGES)(
      'says in $language that nothing can be stored, that readings are late, and neither once it is over',
      async (words) => {
        const heartbeat = world.source.port
        context = await browser.newContext({ viewport: { width, height: 844 } })
        await context.addInitScript((language) => localStorage.setItem('zhian.language', language), words.language)
        const page = await context.newPage()
        page.setDefaultTimeout(PATIENCE)
        await page.request.post(`${world.base}/api/v1/session`, { data: { username, password: PASSWORD } })
        await page.goto(world.base + path)
        await page.locator(live).waitFor()
        const notStoring = page.getByRole('alert').filter({ hasText: words.notStoring })
        const late = page.getByRole('status').filter({ hasText: words.late })
        expect([await notStoring.count(), await late.count()]).toEqual([0, 0])
        const alarm = page.getByText(words.alarm).first()
        const { y: place = 0 } = (await alarm.boundingBox()) ?? {}

        // The graver of the two is told, and that alone.
        Object.assign(heartbeat, { isStoring: false, readingsLate: true })
        await notStoring.waitFor()
        expect(await late.count()).toBe(0)
        // The list is where it was, but for the lines of the message.
        expect(((await alarm.boundingBox())?.y ?? Infinity) - place).toBeLessThan(150)
        expect([...(await violations(page, 'all')), ...(await misfits(page))]).toEqual([])
        await picture(page, `${username}-${words.language}-not-storing`)

        heartbeat.isStoring = true
        await late.waitFor()
        expect(await notStoring.count()).toBe(0)
        expect([...(await violations(page, 'all')), ...(await misfits(page))]).toEqual([])
        await picture(page, `${username}-${words.language}-late`)

        heartbeat.readingsLate = false
        await late.waitFor({ state: 'detached' })
      },
    )
  })
})

const shots = process.env['ZHIAN_PICTURES_TO']
async function picture(page: Page, name: string): Promise<void> {
  if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}.png` })
}
