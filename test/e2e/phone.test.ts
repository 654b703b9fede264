// The manager's telephone in a real browser against a real hub: from an alarm to its verdict with a photograph in three
// touches, with and without a network; a message that was pushed; and nothing of anybody else.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import type { MqttClient } from 'mqtt'
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildPagesIfStale } from '../../hub/pages.ts'
import { Api } from '../support/api.ts'
import { launchBrowser } from '../support/browser.ts'
import { describeForms } from '../support/hub-forms.ts'
import { ADMIN_PASSWORD, until } from '../support/hub-process.ts'
import type { RunningHub } from '../support/hub-forms.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'
import { misfits, smallTargets, violations } from './page-checks.ts'

const PASSWORD = 'a quiet house at night'
const SIZES = [
  { width: 390, height: 844 },
  { width: 320, height: 640 },
] as const

let hub: RunningHub
let admin: Api
let browser: Browser
/** The network between telephone and hub: the browser's own switch does not reach its service workers. */
let network: TcpProxy
/** The hub as the telephone knows it. */
let base: string
const clients: MqttClient[] = []
const ids: Record<string, string> = {}
let folder: string

interface Registered {
  readonly id: string
  readonly token: string
}

/** A house with a gas detector that is connected. */
async function house(name: string): Promise<{ siteId: string; gas: (value: number) => Promise<unknown> }> {
  const contacts = [{ name: '李阿姨', phone: '13800000012', role: '房东' }]
  const site = await admin.ok<{ id: string }>('POST', '/sites', { name, area: '示范县/青禾街道/槐荫社区', contacts })
  const id = `GAS-${name.replace(/\D/g, '')}`
  const made = await admin.ok<Registered>('POST', '/devices', { id, kind: 'gas', name: '共用厨房', siteId: site.id })
  const client = await connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, {
    clientId: id,
    username: id,
    password: made.token,
    reconnectPeriod: 0,
  })
  clients.push(client)
  const gas = (value: number) =>
    client.publishAsync(`zhian/v1/${id}/readings`, JSON.stringify({ ts: Date.now(), values: { gas_lel: value } }), {
      qos: 1,
    })
  return { siteId: site.id, gas }
}

interface OpenAlarm {
  readonly id: string
  readonly siteId: string | null
  readonly verdict: string | null
  readonly signal: string
}
const openAt = async (siteId: string): Promise<OpenAlarm | undefined> =>
  (await admin.ok<{ items: OpenAlarm[] }>('GET', `/alarms?open=true&siteId=${siteId}`)).items.find(
    ({ signal }) => signal === 'gas_lel',
  )

async function manager(username: string, sites: string[]): Promise<void> {
  const body = { username, name: `${username} 大姐`, role: 'manager', password: PASSWORD, sites, mustChange: false }
  ids[username] = (await admin.ok<{ id: string }>('POST', '/users', body)).id
}

async function phone(): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({
    viewport: SIZES[0],
    hasTouch: true,
    isMobile: true,
    locale: 'zh-CN',
    reducedMotion: 'reduce',
    permissions: ['notifications'],
  })
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  return { context, page }
}

/** By the sign-in page, from the address that a manager types. */
async function signIn(page: Page, username: string, path = '/'): Promise<void> {
  await page.goto(base + path)
  await page.locator('input[name=username]').fill(username)
  await page.locator('input[name=password]').fill(PASSWORD)
  await page.locator('button[type=submit]').tap()
}
const live = (page: Page) => page.locator('[data-testid=phone][data-phase=live]').waitFor()
/** The service worker has the page. */
const controlled = (page: Page) => page.waitForFunction(() => navigator.serviceWorker.controller !== null)

function cutOff(): void {
  network.refuse(true)
  network.cut()
}

/** As a camera writes one, at full size: larger than what is sent. */
async function photograph(page: Page): Promise<string> {
  const data = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(3_000, 1_500)
    const pen = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D
    for (let x = 0; x < 3_000; x += 10) {
      pen.fillStyle = `hsl(${x % 360} 80% 50%)`
      pen.fillRect(x, 0, 10, 1_500)
    }
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg' })).arrayBuffer())
    return Array.from(bytes)
  })
  // With what a camera adds: an EXIF segment that says where.
  const jpeg = Buffer.from(data)
  const exif = Buffer.concat([Buffer.from('Exif\0\0'), Buffer.from('GPSLatitude 28.997')])
  const length = Buffer.alloc(2)
  length.writeUInt16BE(exif.length + 2)
  const file = join(folder, 'photo.jpg')
  writeFileSync(file, Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xe1]), length, exif, jpeg.subarray(2)]))
  return file
}

const filesOf = async (alarmId: string) =>
  (await admin.ok<{ items: { id: string; bytes: number; type: string }[] }>('GET', `/files?subject=alarm:${alarmId}`))
    .items

/** What stands on the page is right in both themes and at both widths. */
async function checked(page: Page, name: string, found: string[]): Promise<void> {
  for (const size of SIZES) {
    await page.setViewportSize(size)
    found.push(...(await misfits(page)).map((fault) => `${name}, ${size.width} px: ${fault}`))
    found.push(...(await smallTargets(page)).map((fault) => `${name}, ${size.width} px: ${fault}`))
  }
  await page.setViewportSize(SIZES[0])
  for (const theme of ['night', 'day'] as const) {
    await page.evaluate((wanted) => void (document.documentElement.dataset['theme'] = wanted), theme)
    const faults = await violations(page, theme === 'night' ? 'all' : 'colours')
    found.push(...faults.map((fault) => `${name}, ${theme}: ${fault}`))
  }
}

describeForms('the manager’s telephone', true, (startHub) => {
  beforeAll(async () => {
    buildPagesIfStale()
    folder = mkdtempSync(join(tmpdir(), 'zhian-phone-'))
    hub = await startHub()
    admin = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
    network = await startTcpProxy({ port: hub.httpPort })
    base = `http://127.0.0.1:${network.port}`
    browser = await launchBrowser()
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    await Promise.all(clients.splice(0).map((client) => client.endAsync(true)))
    await network?.stop()
    await hub?.dispose()
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  })

  it('tells an alarm, takes its verdict with a photograph in three touches, and keeps what a dead network did not take', async () => {
    const found: string[] = []
    const one = await house('槐荫 12 号')
    const other = await house('槐荫 33 号')
    await manager('wang', [one.siteId])
    await manager('zheng', [other.siteId])
    const { context, page } = await phone()
    page.on('pageerror', ({ message }) => found.push(`script: ${message}`))

    // A manager who opens the hub lands on the phone's page.
    await signIn(page, 'wang')
    await page.waitForURL(`${base}/m/`)
    await live(page)
    await page.getByText('没有未关闭的报警').waitFor()
    await controlled(page)
    expect(await page.evaluate(() => navigator.serviceWorker.controller?.scriptURL)).toBe(`${base}/m/sw.js`)

    // Both houses alarm; only one's own is seen.
    await one.gas(30)
    await other.gas(30)
    await until('both alarms are open', async () => (await openAt(one.siteId)) && (await openAt(other.siteId)))
    const alarm = (await openAt(one.siteId)) as OpenAlarm
    const foreign = (await openAt(other.siteId)) as OpenAlarm
    await page.locator(`[data-alarm="${alarm.id}"]`).waitFor()
    expect(await page.locator('[data-alarm]').count()).toBe(1)
    expect(await page.content()).not.toContain('33 号')
    await checked(page, 'alarms', found)

    // First touch: the alarm. The call is one touch away, and so is each verdict.
    await page.locator(`[data-alarm="${alarm.id}"]`).tap()
    await page.locator('a[href="tel:13800000012"]').first().waitFor()
    const picture = await photograph(page)
    await page.locator('input[type=file]').setInputFiles(picture)
    await page.locator('form img').waitFor()
    await checked(page, 'alarm', found)
    // Second: what it was. Third: send.
    await page.locator('label', { hasText: '误报' }).tap()
    await page.getByRole('button', { name: '提交：误报' }).tap()
    await page.getByText('已全部送达').waitFor()
    await page.locator('[data-testid=photos] img').waitFor()
    expect(await openAt(one.siteId)).toMatchObject({ verdict: 'false' })
    const [kept] = await filesOf(alarm.id)
    expect(kept?.type).toBe('image/jpeg')
    const stored = Buffer.from(
      await (
        await fetch(`${hub.base}/api/v1/files/${kept?.id}`, { headers: { authorization: `Bearer ${admin.token}` } })
      ).arrayBuffer(),
    )
    expect(stored.includes('GPSLatitude')).toBe(false)
    const drawn = await page.evaluate(
      async (bytes) => {
        const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)]))
        return [bitmap.width, bitmap.height]
      },
      [...stored],
    )
    expect(drawn).toEqual([2_048, 1_024])

    // No network: it says since when, keeps the verdict and the picture, and sends nothing by itself.
    cutOff()
    await page.locator('[data-testid=offline]').waitFor({ timeout: 60_000 })
    expect(await page.locator('[data-testid=offline]').textContent()).toMatch(
      /^\s*离线，数据截至 \d\d:\d\d（.+前）\s*$/,
    )
    await page.locator('input[type=file]').setInputFiles(picture)
    await page.locator('form img').waitFor()
    await page.locator('label', { hasText: '真警' }).tap()
    await page.getByRole('button', { name: '提交：真警' }).tap()
    const unsent = page.locator('[data-testid=unsent]')
    await unsent.getByRole('button', { name: '再试' }).waitFor()
    expect(await unsent.locator('b').allTextContents()).toEqual(['未送出', '未送出'])
    await checked(page, 'unsent', found)

    // Opened again without a network: the shell, the last list with its age, and what is unsent are there.
    await page.goto(`${base}/m/`)
    await page.locator('[data-testid=offline]').waitFor()
    await page.locator(`[data-alarm="${alarm.id}"]`).waitFor()
    await page.locator('[data-testid=drafts]').tap()
    await unsent.getByRole('button', { name: '再试' }).waitFor()

    // Back: nothing was sent behind the person's back; a touch sends it.
    network.refuse(false)
    await live(page)
    await page.locator('[data-testid=offline]').waitFor({ state: 'detached' })
    expect(await openAt(one.siteId)).toMatchObject({ verdict: 'false' })
    expect(await unsent.locator('b').allTextContents()).toEqual(['未送出', '未送出'])
    await unsent.getByRole('button', { name: '再试' }).tap()
    await page.getByText('已全部送达').waitFor()
    expect(await openAt(one.siteId)).toMatchObject({ verdict: 'real' })
    expect(await filesOf(alarm.id)).toHaveLength(2)

    // The houses, one of them, and oneself.
    await page.locator('nav a[href="/m/houses"]').tap()
    await page.locator('[data-house]').first().waitFor()
    expect(await page.locator('[data-house]').count()).toBe(1)
    expect(await page.locator('[data-house]').getAttribute('data-worst')).toBe('1')
    await checked(page, 'houses', found)
    await page.locator('[data-house]').tap()
    await page.getByText('共用厨房').first().waitFor()
    await checked(page, 'house', found)
    await page.locator('nav a[href="/m/meters"]').tap()
    await page.getByText('共用厨房').first().waitFor()
    await checked(page, 'meters', found)
    await page.locator('nav a[href="/m/me"]').tap()
    await page.locator('[data-testid=push]').waitFor()
    await checked(page, 'me', found)

    await pushed(context, page, alarm.id)
    await another(page, foreign.id)
    // The worker's reach ends at /m/: the desk is nobody's but the network's.
    await page.goto(`${base}/alarms/${foreign.id}`)
    expect(await page.evaluate(() => navigator.serviceWorker.controller)).toBeNull()
    await context.close()
    expect(found).toEqual([])
  }, 300_000)
})

/** A message delivered to the real worker shows a notification, and a touch on it opens the alarm. */
async function pushed(context: BrowserContext, page: Page, alarmId: string): Promise<void> {
  const cdp: CDPSession = await context.newCDPSession(page)
  const registrations: string[] = []
  cdp.on('ServiceWorker.workerRegistrationUpdated', (event) => {
    for (const { registrationId, scopeURL, isDeleted } of event.registrations)
      if (!isDeleted && scopeURL === `${base}/m/`) registrations.push(registrationId)
  })
  await cdp.send('ServiceWorker.enable')
  await until('the worker is known', () => registrations.length > 0)
  const payload = {
    id: 'delivery-of-nobody',
    title: '■ 紧急 燃气',
    body: '槐荫 12 号 · 共用厨房',
    alarmId,
    priority: 1,
  }
  const receipt = page.context().waitForEvent('request', (request) => request.url().endsWith('/push/received'))
  await cdp.send('ServiceWorker.deliverPushMessage', {
    origin: base,
    registrationId: registrations.at(-1) as string,
    data: JSON.stringify({ ...payload, at: Date.now() }),
  })
  expect((await receipt).postDataJSON()).toEqual({ id: 'delivery-of-nobody' })
  const shown = () =>
    page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration('/m/')
      return ((await registration?.getNotifications()) ?? []).map(({ title, body, tag, data }) => ({
        title,
        body,
        tag,
        path: (data as { path: string }).path,
      }))
    })
  await until('the notification is shown', async () => (await shown()).length > 0)
  expect(await shown()).toEqual([
    { title: payload.title, body: payload.body, tag: alarmId, path: `/m/alarms/${alarmId}` },
  ])
  const [worker] = context.serviceWorkers().filter((one) => one.url() === `${base}/m/sw.js`)
  await worker?.evaluate(async () => {
    const scope = globalThis as unknown as {
      registration: ServiceWorkerRegistration
      NotificationEvent: new (type: string, init: { notification: Notification }) => Event
    }
    const [notification] = await scope.registration.getNotifications()
    if (notification !== undefined) dispatchEvent(new scope.NotificationEvent('notificationclick', { notification }))
  })
  await page.waitForURL(`${base}/m/alarms/${encodeURIComponent(alarmId)}`)
}

/** The next person on the same telephone sees nothing of the one before, not even without a network. */
async function another(page: Page, foreignId: string): Promise<void> {
  await page.goto(`${base}/m/me`)
  await page.getByRole('button', { name: '退出登录' }).tap()
  await page.locator('input[name=username]').waitFor()
  const keptNow = () =>
    page.evaluate(async () => (await (await caches.open('zhian-phone-data')).keys()).map(({ url }) => url))
  expect((await keptNow()).filter((url) => url.includes('/alarms/'))).toEqual([])
  await page.locator('input[name=username]').fill('zheng')
  await page.locator('input[name=password]').fill(PASSWORD)
  await page.locator('button[type=submit]').tap()
  await live(page)
  await page.goto(`${base}/m/`)
  await page.locator(`[data-alarm="${foreignId}"]`).waitFor()
  await live(page)
  expect(await page.locator('[data-alarm]').count()).toBe(1)
  cutOff()
  await page.goto(`${base}/m/houses`)
  await page.locator('[data-house]').first().waitFor()
  expect(await page.locator('[data-house]').count()).toBe(1)
  expect(await page.content()).not.toContain('12 号')
  network.refuse(false)
  await live(page)
}
