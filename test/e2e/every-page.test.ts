// Every address that there is, before a real hub in each of its forms, in both languages: it shows what it is for, without a
// fault in the page or an answer that failed, on a desk and on a phone. Scaled out, all of it again with one dashboard after the
// other dead.
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { PAGES } from '../../dashboard/web/src/app/path.ts'
import { PHONE } from '../../dashboard/web/src/phone/path.ts'
import type { SmallCounty } from '../dashboard/server/small-county.ts'
import { browserPath, launchBrowser } from '../support/browser.ts'
import { describeCounties } from './counties.ts'
import type { OpenCounty } from './counties.ts'
import { misfits, violations } from './page-checks.ts'

const DESK = { width: 1440, height: 900 }
const TELEPHONE = { width: 390, height: 844 }
const PATIENCE = 45_000
const MEASURED = 37.5
const mayRun = browserPath() !== undefined || process.env['ZHIAN_REQUIRE_SERVICES'] === '1'

interface View {
  readonly path: string
  /** What is there once the page has what it is for. */
  readonly shows: string
  /** A frame of its own, which says nothing of the link. */
  readonly alone?: true
}

const pagesOf = ({ sites, rooms, alarms }: SmallCounty): Record<keyof typeof PAGES, View> => ({
  desk: { path: PAGES.desk, shows: '[role=option]' },
  history: { path: PAGES.history, shows: 'a[data-alarm]' },
  alarm: { path: PAGES.alarm(alarms.a), shows: 'article' },
  devices: { path: PAGES.devices, shows: '[role=listitem] a' },
  device: { path: PAGES.device('DEV-A'), shows: `text="${MEASURED}"` },
  install: { path: PAGES.install, shows: 'main form' },
  labels: { path: PAGES.labels, shows: '.choices input' },
  sites: { path: PAGES.sites, shows: '[role=listitem]' },
  site: { path: PAGES.site(sites.a), shows: '[role=tab]' },
  rooms: { path: PAGES.rooms(sites.a), shows: '[data-room]' },
  meters: { path: PAGES.meters(sites.a), shows: 'main h1' },
  plans: { path: PAGES.plans(sites.a), shows: 'main img' },
  room: { path: PAGES.room(rooms.a), shows: '[data-lease]' },
  notice: { path: PAGES.notice(rooms.a), shows: 'main h1' },
  areas: { path: PAGES.areas, shows: '[data-area]' },
  coverage: { path: PAGES.coverage, shows: 'main [role=region] p' },
  import: { path: PAGES.import, shows: 'input[type=file]' },
  users: { path: PAGES.users, shows: '[role=listitem]' },
  audit: { path: PAGES.audit, shows: '[role=listitem]' },
  privacy: { path: PAGES.privacy, shows: 'main input[type=search]' },
  firstSteps: { path: PAGES.firstSteps, shows: 'main h1' },
  counters: { path: PAGES.counters, shows: '.columns' },
  wall: { path: PAGES.wall, shows: 'main', alone: true },
  wallMap: { path: PAGES.wallMap, shows: 'main h1' },
  account: { path: PAGES.account, shows: 'main form' },
  about: { path: PAGES.about, shows: 'main h1' },
  demo: { path: PAGES.demo, shows: '.notice' },
  gallery: { path: PAGES.gallery, shows: '[data-exhibit=LatencyHistogram]' },
  setup: { path: PAGES.setup, shows: '.notice' },
  invitation: { path: PAGES.invitation, shows: 'h1', alone: true },
})
const phonePagesOf = ({ sites, alarms }: SmallCounty): Record<keyof typeof PHONE, View> => ({
  alarms: { path: PHONE.alarms, shows: '[data-alarm]' },
  alarm: { path: PHONE.alarm(alarms.a), shows: 'main h1' },
  houses: { path: PHONE.houses, shows: 'main li' },
  house: { path: PHONE.house(sites.a), shows: 'main h1' },
  meters: { path: PHONE.meters, shows: 'main li a:visible' },
  me: { path: PHONE.me, shows: 'main h2' },
})

describeCounties('every page', mayRun, (openCounty, isScaledOut) => {
  let browser: Browser
  let opened: OpenCounty
  let county: SmallCounty

  beforeAll(async () => {
    browser = await launchBrowser()
    opened = await openCounty()
    county = opened.county
    await county.raiseThree()
    await opened.measure(MEASURED)
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    await opened?.close()
  })

  async function signedIn(user: string, language: string, viewport = DESK): Promise<BrowserContext> {
    const context = await browser.newContext({
      viewport,
      locale: 'zh-CN',
      timezoneId: 'Asia/Shanghai',
      reducedMotion: 'reduce',
    })
    await context.addInitScript((chosen) => localStorage.setItem('zhian.language', chosen), language)
    const [name = '', value = ''] = (await county.as(user)).split('=')
    await context.addCookies([{ name, value, url: county.base }])
    return context
  }

  /** What is wrong with the page, each fault under its name. */
  async function faultsOf(context: BrowserContext, name: string, view: View, live: string): Promise<string[]> {
    const found: string[] = []
    const page = await context.newPage()
    page.setDefaultTimeout(PATIENCE)
    page.on('pageerror', (error) => found.push(error.message))
    page.on('response', (answer) => answer.status() >= 500 && found.push(`${answer.status()} ${answer.url()}`))
    await page.goto(county.base + view.path)
    try {
      await page.locator(view.shows).first().waitFor()
      if (view.alone !== true) await page.locator(live).waitFor()
      found.push(...(await violations(page, 'all')), ...(await misfits(page)))
      await picture(page, name)
    } catch (error) {
      found.push(String(error).slice(0, 300))
    }
    await page.close()
    return found.map((fault) => `${name}: ${fault}`)
  }

  async function walk(language: string, how: string): Promise<string[]> {
    const found: string[] = []
    const desk = await signedIn('admin', language)
    for (const [name, view] of Object.entries(pagesOf(county)))
      found.push(...(await faultsOf(desk, `${how}-${name}`, view, '[data-testid=veil][data-phase=live]')))
    await desk.close()
    const telephone = await signedIn('manager', language, TELEPHONE)
    for (const [name, view] of Object.entries(phonePagesOf(county)))
      found.push(...(await faultsOf(telephone, `${how}-phone-${name}`, view, '[data-testid=phone][data-phase=live]')))
    await telephone.close()
    return found
  }

  it.each(['zh', 'en'])(
    'shows what it is for, in %s',
    async (language) => {
      expect(await walk(language, language)).toEqual([])
    },
    600_000,
  )

  if (isScaledOut)
    it('shows it with whichever dashboard is left', async () => {
      let rounds = 0
      await opened.eachDashboardDead?.(async () => expect(await walk('zh', `dead-${++rounds}`)).toEqual([]))
      expect(rounds).toBe(2)
    }, 900_000)
})

const shots = process.env['ZHIAN_PICTURES_TO']
async function picture(page: Page, name: string): Promise<void> {
  if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}.png` })
}
