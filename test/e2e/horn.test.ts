// The horn in a real browser against the fake hub, with and without the browser's leave to sound. What sounds is observed at
// the oscillators that the page starts; the page itself has no door for tests.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Desk } from '../../contract/feed.ts'
import { FakeHub, PASSWORD } from '../dashboard/web/fake-hub.ts'
import { buildPages, launchBrowser } from '../support/browser.ts'

/** A name that is no secure context, unlike 127.0.0.1. */
const INSECURE = 'zhian.test'
let pages: Awaited<ReturnType<typeof buildPages>>
let allowed: Browser
let asking: Browser
let hub: FakeHub
const contexts: BrowserContext[] = []

beforeAll(async () => {
  pages = await buildPages()
  const names = `--host-resolver-rules=MAP ${INSECURE} 127.0.0.1`
  ;[allowed, asking] = await Promise.all([
    launchBrowser(['--autoplay-policy=no-user-gesture-required', names]),
    launchBrowser(['--autoplay-policy=document-user-activation-required', names]),
  ])
})
afterAll(async () => {
  await Promise.all([allowed?.close(), asking?.close()])
  await pages?.remove()
})
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close()
  await hub?.stop()
})

interface Observed {
  started: { hz: number }[]
  sounding: number
  said: string[]
}
declare global {
  interface Window {
    observed: Observed
  }
}

async function serve(alarms: number): Promise<void> {
  hub = new FakeHub({ alarms, webRoot: pages.webRoot })
  await hub.start()
}

interface Desktop {
  readonly browser?: Browser
  readonly username?: string
  readonly path?: string
  readonly host?: string
  readonly prepare?: (page: Page) => Promise<unknown>
}

async function sit({ browser = allowed, username = 'duty', path = '/desk', host, prepare }: Desktop = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  contexts.push(context)
  const page = await context.newPage()
  await page.addInitScript(() => {
    const observed: Observed = (window.observed = { started: [], sounding: 0, said: [] })
    const start = OscillatorNode.prototype.start
    OscillatorNode.prototype.start = function (when?: number) {
      observed.started.push({ hz: this.frequency.value })
      observed.sounding += 1
      this.addEventListener('ended', () => (observed.sounding -= 1))
      start.call(this, when)
    }
  })
  await prepare?.(page)
  const base = host === undefined ? hub.url : hub.url.replace('127.0.0.1', host)
  const answer = await page.request.post(`${hub.url}/api/v1/session`, { data: { username, password: PASSWORD } })
  if (host !== undefined) {
    const value = /zhian=([^;]+)/.exec(answer.headers()['set-cookie'] ?? '')?.[1] ?? ''
    await context.addCookies([{ name: 'zhian', value, url: base }])
  }
  await page.goto(base + path)
  // Playwright evaluates as if the person had touched the page, which lets a page sound that asks for leave only after that. So
  // the hub is asked whether the desk is there, and the page not before.
  if (browser === asking) await expect.poll(() => hub.desks.length, { timeout: 60_000 }).toBeGreaterThan(0)
  await page.getByTestId('link').filter({ hasText: '实时' }).waitFor()
  return page
}

const horn = (page: Page) => page.getByTestId('horn')
const word = (page: Page) => horn(page).getAttribute('data-word')
const muteButton = (page: Page) => page.getByRole('button', { name: /消音 3 分钟/ })
const started = (page: Page) => page.evaluate(() => window.observed.started.map(({ hz }) => hz))
const sounding = (page: Page) => page.evaluate(() => window.observed.sounding)
const report = () => hub.desks.at(-1) as Desk | undefined
const P1_HZ = 970
const P2_HZ = 660
const LINK_HZ = 440
const BEEP_HZ = 880

async function isSilent(page: Page): Promise<void> {
  await muteButton(page).waitFor({ state: 'detached' })
  await expect.poll(() => sounding(page)).toBe(0)
}

/** Plays the beeps and types the number, plus `wrongBy`. */
async function check(page: Page, wrongBy = 0): Promise<void> {
  const before = (await started(page)).length
  await page.getByRole('button', { name: /播放/ }).click()
  await expect.poll(async () => (await started(page)).slice(before).length).toBeGreaterThanOrEqual(2)
  const beeps = (await started(page)).slice(before).filter((hz) => hz === BEEP_HZ).length
  await page.getByLabel('听到几声').fill(String((beeps % 8) + wrongBy))
  await page.getByRole('button', { name: '填好了' }).click()
}

describe('the sound check', () => {
  it('arms the desk when the beeps are counted right, and tells the hub', async () => {
    await serve(0)
    const page = await sit()
    await expect.poll(() => word(page)).toBe('unchecked')
    await expect.poll(() => report()?.armed).toBe(false)
    await horn(page).getByRole('button').first().click()
    await check(page, 1)
    await page.getByText('数目不对').waitFor()
    expect(await word(page)).toBe('unchecked')
    expect(report()).toMatchObject({ armed: false, soundCheckedAt: null })
    await check(page)
    await page.getByText(/\d 已验证/).waitFor()
    await page.getByRole('button', { name: '开始值班' }).click()
    expect(await word(page)).toBe('armed')
    await expect.poll(() => report()?.armed).toBe(true)
    expect(Math.abs((report()?.soundCheckedAt ?? 0) - Date.now())).toBeLessThan(60_000)
    // The desk stays armed while its officer looks something up.
    await page.getByRole('link', { name: '设备' }).click()
    await page.getByRole('heading', { name: '设备' }).waitFor()
    hub.raise(0, { nth: 3 })
    await expect.poll(() => started(page)).toContain(P1_HZ)
    expect(report()?.armed).toBe(true)
  })

  it('says that the screen may turn off where the page is no secure context, and why', async () => {
    await serve(0)
    const page = await sit({ host: INSECURE })
    await expect.poll(() => word(page)).toBe('unchecked')
    await horn(page).getByRole('button').first().click()
    await check(page)
    await page.getByText('本页不是 HTTPS 打开的').waitFor()
    await page.getByRole('button', { name: '开始值班' }).click()
    await horn(page).getByText('屏幕可能熄灭').waitFor()
  })

  it('asks for a wake lock, and again when the page is back in view', async () => {
    await serve(0)
    const page = await sit({
      prepare: (page) =>
        page.addInitScript(() => {
          const asked: EventTarget[] = []
          Object.assign(window, { asked })
          const request = async () => {
            const lock = Object.assign(new EventTarget(), { release: async () => {} })
            asked.push(lock)
            return lock
          }
          Object.defineProperty(navigator, 'wakeLock', { value: { request } })
        }),
    })
    const asked = () => page.evaluate(() => (window as unknown as { asked: EventTarget[] }).asked.length)
    await horn(page).getByRole('button').first().click()
    expect(await asked()).toBe(0)
    await check(page)
    await page.getByText('保持常亮', { exact: true }).waitFor()
    expect(await asked()).toBe(1)
    await page.evaluate(() => {
      ;(window as unknown as { asked: EventTarget[] }).asked[0]?.dispatchEvent(new Event('release'))
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await expect.poll(asked).toBe(2)
  })
})

describe('a browser that blocks sound', () => {
  it('is told on the status line with what to do, is never armed, and sounds after one touch', async () => {
    await serve(1)
    const page = await sit({ browser: asking })
    await expect.poll(() => word(page)).toBe('blocked')
    await page.getByRole('button', { name: '浏览器不让本页发声，点此开启' }).waitFor()
    expect(await started(page)).toEqual([])
    expect(report()?.armed).toBe(false)
    await page.getByText('燃气报警').first().click()
    await expect.poll(() => word(page)).toBe('unchecked')
    await expect.poll(() => started(page)).toContain(P1_HZ)
  })

  it('explains itself in the sound check, which turns the sound on', async () => {
    await serve(0)
    const page = await sit({ browser: asking })
    await expect.poll(() => word(page)).toBe('blocked')
    // A script's click is no touch: it opens the window and unlocks nothing.
    await horn(page)
      .getByRole('button')
      .first()
      .evaluate((button: HTMLElement) => button.click())
    await page.getByText('浏览器还不让本页发声').waitFor()
    expect(await word(page)).toBe('blocked')
    await page.getByRole('button', { name: '播放' }).click()
    await page.getByText('浏览器还不让本页发声').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: '重新播放' }).waitFor()
    await check(page)
    await page.getByText(/\d 已验证/).waitFor()
  })

  it('that allows sound which goes nowhere is not taken for one that sounds', async () => {
    await serve(0)
    const page = await sit({
      prepare: (page) =>
        page.addInitScript(() => Object.defineProperty(BaseAudioContext.prototype, 'currentTime', { get: () => 1.5 })),
    })
    await expect.poll(() => word(page), { timeout: 10_000 }).toBe('stalled')
    expect(report()?.armed).toBe(false)
  })
})

describe('an alarm', () => {
  it('sounds on every desk, and 接警 on one of them stops all', async () => {
    await serve(0)
    const [here, there] = [await sit(), await sit({ username: 'admin' })]
    const raised = hub.raise(0, { nth: 3 })
    for (const page of [here, there]) await expect.poll(() => started(page)).toContain(P1_HZ)
    await here.locator(`[data-alarm="${raised.id}"]`).click()
    await here.keyboard.press('KeyA')
    for (const page of [here, there]) await isSilent(page)
  })

  it('of P1 that was taken ten minutes ago without a verdict sounds again and says why, until one desk enters it', async () => {
    await serve(0)
    const [here, there] = [await sit(), await sit({ username: 'admin' })]
    // Two seconds short of ten minutes: nothing sounds until the page's own clock has come so far.
    const ack = { by: { id: 'u1', name: '周晓岚' }, at: Date.now() - 598_000, reason: null, comment: null }
    const raised = hub.raise(0, { nth: 3, changes: { ack } })
    for (const page of [here, there]) {
      await page.locator(`[data-alarm="${raised.id}"]`).waitFor()
      await expect.poll(() => started(page), { timeout: 20_000 }).toContain(P1_HZ)
      await horn(page).getByText('接警 10 分钟仍无核实结论').waitFor()
    }
    await horn(here).getByText('接警 10 分钟仍无核实结论').click()
    const detail = here.locator('article.detail')
    await detail.getByText('接警 10 分钟仍无核实结论').waitFor()
    await here.keyboard.press('KeyV')
    const dialog = here.getByRole('dialog', { name: '核实结论' })
    await dialog.waitFor()
    // Nothing is said before something is chosen; keys 1 to 7 choose, figures in a text are text.
    expect(await dialog.getByRole('button', { name: '记录核实结论' }).isDisabled()).toBe(true)
    await here.keyboard.press('Digit2')
    await dialog.getByLabel('原因').fill('')
    await dialog.getByLabel('原因').pressSequentially('3 号灶油烟')
    expect(await dialog.getByRole('radio', { checked: true }).getAttribute('value')).toBe('false')
    await dialog.getByRole('button', { name: '记录核实结论' }).click()
    for (const page of [here, there]) {
      await isSilent(page)
      expect(await horn(page).getByText('接警 10 分钟仍无核实结论').count()).toBe(0)
      await page.locator(`[data-alarm="${raised.id}"]`).getByText(/误报/).waitFor()
    }
    await detail.getByText('误报（3 号灶油烟）').waitFor()
    await detail
      .getByRole('listitem')
      .filter({ hasText: '核实结论' })
      .filter({ hasText: '3 号灶油烟' })
      .first()
      .waitFor()
  })

  it('消音 silences this desk alone, until one as urgent comes', async () => {
    await serve(0)
    const [here, there] = [await sit(), await sit({ username: 'admin' })]
    hub.raise(1, { nth: 3 })
    for (const page of [here, there]) await expect.poll(() => started(page)).toContain(P2_HZ)
    await here.keyboard.press('KeyM')
    await expect.poll(() => word(here)).toBe('muted')
    await here
      .getByText(/消音至 \d\d:\d\d:\d\d/)
      .first()
      .waitFor()
    await isSilent(here)
    expect(await word(there)).toBe('unchecked')
    await muteButton(there).waitFor()
    expect(hub.desks).toContainEqual(expect.objectContaining({ muted: true }))
    const quieter = hub.raise(3, { nth: 4 })
    await here.locator(`[data-alarm="${quieter.id}"]`).waitFor()
    expect(await word(here)).toBe('muted')
    hub.raise(0, { nth: 5 })
    await expect.poll(() => started(here)).toContain(P1_HZ)
    expect(await word(here)).toBe('unchecked')
  })

  it('G5: that is suppressed stands in the list and does not sound', async () => {
    await serve(0)
    const page = await sit()
    const suppression = { type: 'shelved', by: null, reason: '检修', at: Date.now(), until: null } as const
    const quiet = hub.raise(0, { nth: 3, changes: { suppression } })
    await page.locator(`[data-alarm="${quiet.id}"]`).waitFor()
    const heard = hub.raise(1, { nth: 4 })
    await page.locator(`[data-alarm="${heard.id}"]`).waitFor()
    await expect.poll(() => started(page)).toContain(P2_HZ)
    expect(await started(page)).not.toContain(P1_HZ)
  })

  it('of P1 is spoken in Chinese with its place, where the machine has a Chinese voice', async () => {
    await serve(0)
    const page = await sit({
      prepare: (page) =>
        page.addInitScript(() => {
          localStorage.setItem('zhian.language', 'zh')
          const voice = { lang: 'zh-CN', localService: true, name: 'test', default: true, voiceURI: 'test' }
          speechSynthesis.getVoices = () => [voice as SpeechSynthesisVoice]
          // The made-up voice is none that an utterance would take.
          Object.defineProperty(SpeechSynthesisUtterance.prototype, 'voice', { set: () => {}, get: () => null })
          speechSynthesis.speak = (words) => void window.observed.said.push(`${words.lang} ${words.text}`)
        }),
    })
    const raised = hub.raise(0, { nth: 3 })
    await expect.poll(() => page.evaluate(() => window.observed.said), { timeout: 20_000 }).not.toEqual([])
    const said = (await page.evaluate(() => window.observed.said))[0] ?? ''
    expect(said).toMatch(/^zh-CN 紧急，燃气报警，/)
    expect(said).toContain([...raised.place.slice(1), raised.deviceName].join('，'))
  })

  it('does not sound for a manager, whose page is no desk', async () => {
    await serve(0)
    const page = await sit({ username: 'manager' })
    const raised = hub.raise(0, { nth: 3, changes: { siteId: 'site-1' } })
    await page.locator(`[data-alarm="${raised.id}"]`).waitFor()
    expect(await horn(page).count()).toBe(0)
    expect(await started(page)).toEqual([])
    expect(hub.desks).toEqual([])
  })

  it('shows what to say and do first', async () => {
    await serve(0)
    const page = await sit()
    await page.locator(`[data-alarm="${hub.raise(0, { nth: 3 }).id}"]`).click()
    const steps = page.getByRole('region', { name: '先说、先做' }).getByRole('listitem')
    expect(await steps.first().textContent()).toContain('关阀、开窗、人先出来')
    expect(await steps.count()).toBe(5)
  })
})

it('a dead link sounds on the desk after 15 s, and no longer once it is back', async () => {
  await serve(0)
  const page = await sit()
  hub.cut()
  await page.getByTestId('link').filter({ hasText: '起断开' }).waitFor()
  expect(await started(page)).toEqual([])
  await expect.poll(() => started(page), { timeout: 30_000 }).toContain(LINK_HZ)
  hub.mend()
  await page.getByTestId('link').filter({ hasText: '实时' }).waitFor()
  await isSilent(page)
})
