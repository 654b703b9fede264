// Every page in both languages and themes, on a desk and on a phone: WCAG 2.2 AA, targets for a finger, 200 % zoom and 320 px,
// reduced motion. With the longest names there are.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { bridgesAt } from '../dashboard/web/fake-bridges.ts'
import { FakeHub, PASSWORD } from '../dashboard/web/fake-hub.ts'
import { buildPages, launchBrowser } from '../support/browser.ts'
import { misfits, smallTargets, violations } from './page-checks.ts'

const DESK = { width: 1440, height: 900 }
const PHONE = { width: 390, height: 844 }
/** 1440 × 900 at 200 %. */
const ZOOMED = { width: 720, height: 450 }
const NARROW = { width: 320, height: 640 }

let pages: Awaited<ReturnType<typeof buildPages>>
let browser: Browser
let hub: FakeHub
beforeAll(async () => {
  pages = await buildPages()
  browser = await launchBrowser()
  hub = new FakeHub({ alarms: 30, devices: 120, longNames: true, webRoot: pages.webRoot })
  hub.bridges = bridgesAt(Date.now())
  await hub.start()
})
afterAll(async () => {
  await browser?.close()
  await hub?.stop()
  await pages?.remove()
})

interface View {
  readonly name: string
  readonly path: string
  /** Nobody is signed in. */
  readonly outside?: boolean
  /** From the loaded page to what is looked at. */
  readonly show?: (page: Page) => Promise<unknown>
}
const opened = async (page: Page) => {
  await page.locator('[role=option]').first().click()
  await page.locator('article.detail canvas, article.detail [role=alert]').first().waitFor()
}
const dialog = (page: Page) => page.getByRole('dialog').waitFor()
const first = (page: Page, selector: string) => page.locator(selector).first().waitFor()

const VIEWS: readonly View[] = [
  { name: 'sign-in', path: '/desk', outside: true, show: (page) => first(page, 'input[name=password]') },
  { name: 'desk', path: '/desk', show: (page) => first(page, '[role=option]') },
  { name: 'desk, an alarm opened', path: '/desk', show: opened },
  {
    name: 'desk, keys',
    path: '/desk',
    show: async (page) => {
      await first(page, '[role=option]')
      await page.keyboard.press('Shift+Slash')
      await dialog(page)
    },
  },
  {
    name: 'desk, comment',
    path: '/desk',
    show: async (page) => {
      await opened(page)
      await page.keyboard.press('KeyC')
      await dialog(page)
    },
  },
  {
    name: 'desk, sound check',
    path: '/desk',
    show: async (page) => {
      await page.locator('[data-testid=horn] button').first().click()
      await dialog(page)
    },
  },
  { name: 'desk, nothing found', path: '/desk?q=nothing-is-called-so', show: (page) => first(page, '.notice') },
  { name: 'history', path: '/alarms', show: (page) => first(page, 'a[data-alarm]') },
  { name: 'alarm', path: '/alarms/a1', show: (page) => first(page, 'article canvas') },
  {
    name: 'devices, an external broker opened',
    path: '/devices',
    show: async (page) => {
      await first(page, '[role=listitem] a')
      await page.getByTestId('bridges').locator('summary').nth(1).click()
    },
  },
  {
    name: 'devices, add',
    path: '/devices',
    show: async (page) => {
      await page.locator('.page-head button').last().click()
      await dialog(page)
    },
  },
  {
    name: 'device',
    path: '/devices/electricity-00001',
    // Read when it comes into view.
    show: async (page) => {
      await page.locator('.charts section').first().scrollIntoViewIfNeeded()
      await first(page, '.charts canvas')
    },
  },
  {
    name: 'device, rejections',
    path: '/devices/electricity-00001?tab=rejections',
    show: (page) => first(page, '[role=tab]'),
  },
  {
    name: 'device, commands',
    path: '/devices/electricity-00001?tab=commands',
    show: (page) => first(page, '[data-ask]'),
  },
  {
    name: 'install',
    path: '/install',
    show: async (page) => {
      await page.locator('form button').first().click()
      await first(page, '.scanner')
    },
  },
  {
    name: 'labels',
    path: '/labels',
    show: async (page) => {
      await page.locator('.choices input').first().check()
      await first(page, '.label svg')
    },
  },
  { name: 'device, about', path: '/devices/electricity-00001?tab=about', show: (page) => first(page, '[role=tab]') },
  { name: 'no such device', path: '/devices/none', show: (page) => first(page, '.notice') },
  { name: 'sites', path: '/sites', show: (page) => first(page, '[role=listitem]') },
  {
    name: 'site, change it',
    path: '/sites/site-0',
    show: async (page) => {
      await page.locator('.title button').first().click()
      await dialog(page)
    },
  },
  { name: 'site', path: '/sites/site-0', show: (page) => first(page, '[role=tab]') },
  { name: 'areas', path: '/areas', show: (page) => first(page, '[data-area]') },
  { name: 'users', path: '/users', show: (page) => first(page, '[role=listitem]') },
  {
    name: 'users, add',
    path: '/users',
    show: async (page) => {
      await page.locator('.page-head button').last().click()
      await dialog(page)
    },
  },
  {
    name: 'users, one’s record',
    path: '/users',
    show: async (page) => {
      await page.locator('[role=listitem] button').last().click()
      await dialog(page)
    },
  },
  {
    name: 'users, one’s sign-in',
    path: '/users',
    show: async (page) => {
      await page.locator('[role=listitem] button').last().click()
      await page.getByRole('tab').nth(1).click()
      await first(page, '[role=dialog] li')
    },
  },
  {
    name: 'users, one who leaves',
    path: '/users',
    show: async (page) => {
      await page.locator('[role=listitem] button').last().click()
      await page.getByRole('tab').nth(2).click()
      await first(page, '[role=dialog] dl')
    },
  },
  {
    name: 'audit',
    path: '/audit',
    show: async (page) => {
      await first(page, '[role=listitem]')
      await page.locator('.page-head button').last().click()
      await first(page, '[data-testid=verdict]')
    },
  },
  {
    name: 'personal data, one about to be erased',
    path: '/privacy',
    show: async (page) => {
      await page.locator('main input[type=search]').fill('租客')
      await page.locator('main form button').click()
      await page.locator('.people button').last().click()
      await page.locator('section header button').last().click()
      await first(page, '[role=dialog] #erase-word')
    },
  },
  { name: 'invitation, its code lost', path: '/invitation', outside: true, show: (page) => first(page, 'h1') },
  { name: 'counters', path: '/counters', show: (page) => first(page, '.columns') },
  { name: 'first steps', path: '/first-steps', show: (page) => first(page, 'main h1') },
  { name: 'about', path: '/about', show: (page) => first(page, 'main h1') },
  { name: 'gallery', path: '/gallery', show: (page) => first(page, '[data-exhibit=LatencyHistogram]') },
  { name: 'account', path: '/account', show: (page) => first(page, 'form') },
  { name: 'no such page', path: '/nowhere', show: (page) => first(page, '.notice') },
]

/** Signed in or not, in one language, with the theme that is asked for. */
async function contextFor(language: string, signedIn: boolean): Promise<BrowserContext> {
  // Colours do not fade into one another: what is measured is what stands.
  const context = await browser.newContext({ viewport: DESK, reducedMotion: 'reduce' })
  await context.addInitScript((chosen) => {
    localStorage.setItem('zhian.language', chosen)
    localStorage.setItem('zhian.theme', 'night')
  }, language)
  if (signedIn)
    await context.request.post(`${hub.url}/api/v1/session`, { data: { username: 'admin', password: PASSWORD } })
  return context
}

const inTheme = (page: Page, theme: 'night' | 'day') =>
  page.evaluate((wanted) => {
    document.documentElement.dataset['theme'] = wanted
  }, theme)
/** Two frames: what follows the width has followed it. */
const settled = (page: Page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))

describe.each(['zh', 'en'])('every page in %s', (language) => {
  it('meets WCAG 2.2 AA in both themes, fits a finger on the phone, and loses nothing at 200 % or 320 px', async () => {
    const found: string[] = []
    const contexts = { in: await contextFor(language, true), out: await contextFor(language, false) }
    for (const view of VIEWS) {
      const page = await contexts[view.outside === true ? 'out' : 'in'].newPage()
      const tell = (how: string, faults: readonly string[]) =>
        found.push(...faults.map((fault) => `${view.name}, ${how}: ${fault}`))
      page.on('pageerror', (error) => tell('script', [error.message]))
      for (const [device, sizes] of [
        ['desk', [DESK, ZOOMED]],
        ['phone', [PHONE, NARROW]],
      ] as const) {
        await page.setViewportSize(sizes[0])
        await page.goto(hub.url + view.path)
        await view.show?.(page).catch((error: unknown) => tell(device, [String(error).slice(0, 200)]))
        for (const theme of ['night', 'day'] as const) {
          await inTheme(page, theme)
          tell(`${device}, ${theme}`, await violations(page, theme === 'night' ? 'all' : 'colours'))
        }
        if (device === 'phone') tell('phone', await smallTargets(page))
        for (const size of sizes) {
          await page.setViewportSize(size)
          await settled(page)
          tell(`${size.width} px`, await misfits(page))
        }
      }
      await page.close()
    }
    await Promise.all([contexts.in.close(), contexts.out.close()])
    expect(found).toEqual([])
  }, 600_000)
})

describe('reduced motion', () => {
  it('turns the pulse into a double border, and shortens every movement to nothing', async () => {
    const context = await contextFor('zh', true)
    const page = await context.newPage()
    await page.emulateMedia({ reducedMotion: 'reduce' })
    await page.goto(`${hub.url}/desk`)
    const ring = page.locator('[role=option] .marker .ring').first()
    await ring.waitFor()
    const styleOf = () =>
      ring.evaluate((element) => {
        const { opacity, visibility, transform } = getComputedStyle(element)
        return { opacity, visibility, scaled: new DOMMatrix(transform).a }
      })
    // The beat is a blink of the ring; here it stands, whichever half of the beat it is.
    for (const beat of ['off', 'on']) {
      await page.evaluate((half) => (document.documentElement.dataset['beat'] = half), beat)
      expect([beat, await styleOf()]).toEqual([beat, { opacity: '1', visibility: 'visible', scaled: 1.35 }])
    }
    const moving = await page.evaluate(() =>
      document
        .getAnimations()
        .filter((animation) => animation.playState === 'running')
        .map((animation) => Number(animation.effect?.getComputedTiming().activeDuration)),
    )
    expect(moving.filter((ms) => ms > 1)).toEqual([])
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    await expect
      .poll(async () => {
        await page.evaluate(() => (document.documentElement.dataset['beat'] = 'off'))
        return (await styleOf()).visibility
      })
      .toBe('hidden')
    await context.close()
  })
})
