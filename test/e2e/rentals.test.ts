// A rental house as its manager works in it: rooms, a tenant who goes and one who comes, a check, the month's electricity
// across a meter that began anew, devices on a plan; and what a landlord sees of it. One browser, one county, real readings.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { METRIC_COLUMNS } from '../../hub/rules.ts'
import { createDuckdbStore } from '../../ingest/readings/duckdb-store.ts'
import type { StoredReading } from '../../ingest/readings/port.ts'
import { CONSOLE, World } from '../dashboard/server/world.ts'
import { buildPages, launchBrowser } from '../support/browser.ts'
import { misfits, smallTargets, violations } from './page-checks.ts'

const DESK = { width: 1440, height: 900 }
const PHONE = { width: 390, height: 844 }
const PATIENCE = 30_000
const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Midnight in China, the first of November 2026. */
const NOVEMBER = Date.UTC(2026, 9, 31, 16)

let pages: Awaited<ReturnType<typeof buildPages>>
let browser: Browser
let readingsIn: string
let store: ReturnType<typeof createDuckdbStore>
const world = new World()

beforeAll(async () => {
  pages = await buildPages()
  browser = await launchBrowser()
  readingsIn = await mkdtemp(join(tmpdir(), 'zhian-rentals-'))
  store = createDuckdbStore({ directory: readingsIn, kinds: METRIC_COLUMNS })
  await store.start()
  world.clock = () => NOVEMBER
  await world.ledger.start()
  await world.settle()
  await world.ledger.places.updateSite(CONSOLE, world.sites.a, { category: 'rental_house' })
  await world.ledger.devices.update(CONSOLE, 'DEV-A', { roomId: world.rooms.a })
  await meterRunsOn()
  world.clock = () => NOVEMBER + 19 * DAY
  const ports = world.ports()
  await world.serve(
    { webRoot: pages.webRoot },
    { ...ports, readings: { ...ports.readings, counter: (query) => store.counter(query) } },
  )
  world.online.add('DEV-A')
  await world.raiseThree()
}, 120_000)

afterAll(async () => {
  await browser?.close()
  await world.stop()
  await store?.stop()
  await pages?.remove()
  await rm(readingsIn, { recursive: true, force: true })
})

/** From 900 kWh, an hour a reading, 0.5 kWh an hour; at the turn of the sixth day the meter begins at nought. Two days are silent. */
async function meterRunsOn(): Promise<void> {
  const readings: StoredReading[] = []
  for (let hour = 0; hour < 19 * 24; hour++) {
    const day = Math.floor(hour / 24)
    if (day === 9 || day === 10) continue
    const energy = hour < 5 * 24 ? 900 + hour / 2 : (hour - 5 * 24) / 2
    readings.push({
      type: 'reading',
      position: readings.length + 1,
      deviceId: 'DEV-A',
      kind: 'electricity',
      ts: NOVEMBER + hour * HOUR,
      receivedAt: NOVEMBER + hour * HOUR,
      quality: 'device',
      values: { energy },
    })
  }
  await store.append(readings)
  await store.maintain(NOVEMBER + 12 * DAY, { rawDays: 90, minuteDays: 365, hourDays: 1825 })
}

async function signedIn(user: string): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ viewport: DESK, locale: 'zh-CN', timezoneId: 'Asia/Shanghai' })
  context.setDefaultTimeout(PATIENCE)
  const [name = '', value = ''] = (await world.as(user)).split('=')
  await context.addCookies([{ name, value, url: world.base }])
  return { context, page: await context.newPage() }
}

const shots = process.env['ZHIAN_PICTURES_TO']
async function judged(page: Page, name: string): Promise<void> {
  if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}.png` })
  expect([name, await violations(page, 'all')]).toEqual([name, []])
  expect([name, await misfits(page)]).toEqual([name, []])
  await page.setViewportSize(PHONE)
  if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}-phone.png` })
  expect([name, 'phone', await misfits(page)]).toEqual([name, 'phone', []])
  expect([name, 'phone', await smallTargets(page)]).toEqual([name, 'phone', []])
  await page.setViewportSize(DESK)
}

describe('a rental house', () => {
  it('its manager makes rooms, lets one tenant go and another come, checks the room, reads the meters, draws the plan', async () => {
    const { context, page } = await signedIn('manager')
    const dialog = page.getByRole('dialog')
    await page.goto(`${world.base}/sites/${world.sites.a}`)
    await page.getByRole('link', { name: '楼房与租客' }).click()
    const first = page.locator('[data-room="101"]').first()
    await first.getByText('租* · 2 人').waitFor()
    await first.locator('svg[data-priority]').waitFor()
    await page.getByRole('button', { name: '批量新建' }).click()
    await dialog.getByLabel('楼栋').fill('2 幢')
    await dialog.getByRole('button', { name: '预览' }).click()
    await dialog.getByText('将新建 12 间，已有 0 间不变。').waitFor()
    await judged(page, 'rooms-building')
    await dialog.getByRole('button', { name: '新建 12 间' }).click()
    await page.locator('[data-room="304"]').waitFor()
    await judged(page, 'rooms')
    await page.getByPlaceholder('房号或楼栋').fill('2 幢 20')
    await page.locator('[data-room="304"]').waitFor({ state: 'detached' })
    expect(await page.locator('[data-room]').count()).toBe(4)
    await page.getByPlaceholder('房号或楼栋').fill('')

    await first.click()
    const lease = page.locator('[data-lease]')
    await lease.getByText('139****0001').waitFor()
    await page.getByRole('link', { name: /剩余电流/ }).waitFor()
    await judged(page, 'room')
    await lease.getByRole('button', { name: '显示姓名和号码' }).click()
    await lease.getByRole('link', { name: '13955550001' }).waitFor()
    await page.getByRole('button', { name: '办理退租' }).click()
    await dialog.getByText(/报警改为通知场所管理员/).waitFor()
    await dialog.getByRole('button', { name: '办理退租' }).click()
    await page.getByText('没有租客。').waitFor()
    await page.getByRole('button', { name: '办理入住' }).click()
    await dialog.getByLabel('租客 · 姓名').fill('欧阳小梅')
    await dialog.getByLabel('租客 · 电话').fill('1395555')
    await dialog.getByLabel('租期开始').fill('2026-11-20')
    await dialog.getByLabel('租客 · 电话').fill('x')
    await dialog.getByRole('button', { name: '办理入住' }).click()
    await dialog.getByText('请检查“电话”。').waitFor()
    await judged(page, 'room-move-in')
    await dialog.getByLabel('租客 · 电话').fill('13955550123')
    await dialog.getByRole('button', { name: '办理入住' }).click()
    await lease.getByText('139****0123').waitFor()
    await lease.getByText('manager 某').waitFor()
    expect(await page.content()).not.toContain('欧阳小梅')
    await page.getByText('历次租约').click()
    await page.getByText('2026-11-20 退租').waitFor()

    await page.getByRole('button', { name: '入住检查' }).click()
    await dialog.getByText('一天内没有自检').waitFor()
    await judged(page, 'room-checklist')
    await dialog.getByLabel('现场按下自检键，设备有响应').check()
    for (const box of (await dialog.getByRole('checkbox').all()).slice(0, -1)) await box.check()
    await dialog.getByRole('button', { name: '保存' }).click()
    const checked = page.locator('[data-checklist="move_in"]')
    await checked.getByText('有 1 项不合格').waitFor()
    await checked.getByText(/已登记租住人员/).waitFor()
    await page.getByRole('link', { name: '租客告知书' }).click()
    await page.getByRole('heading', { name: '居住出租房屋安全告知书' }).waitFor()
    await page.getByText('房东甲').waitFor()
    await judged(page, 'room-notice')

    // The alarm that stands open says where it is and who lives there now.
    await page.goto(`${world.base}/alarms/alarm-a`)
    await page.getByRole('link', { name: '1 层 · 101' }).waitFor()
    await page.getByText('139****0123').waitFor()

    await page.goto(`${world.base}/sites/${world.sites.a}/meters?month=2026-11`)
    // 59.5 until the sixth, 167.5 from nought on; nothing for the fall.
    await page.locator('[data-total]').filter({ hasText: '227.00' }).waitFor()
    await page.getByText('归零 1 次；缺数日：10–11').waitFor()
    await page.getByText('2026-11-01 00:00:00').first().waitFor()
    await judged(page, 'meters')
    const csv = await world.call<string>('GET', `/sites/${world.sites.a}/meters/export?month=2026-11`, {
      as: await world.as('manager'),
    })
    expect(csv.body).toContain(',101,DEV-A,2026-11-01 00:00:00,900,2026-11-19 23:00:00,167.5,227,1,10 11\r\n')

    const picture = await page.screenshot()
    await page.getByRole('link', { name: '平面图' }).click()
    await page.getByRole('tab').or(page.getByRole('img')).first().waitFor()
    await page.locator('input[type=file]').setInputFiles({ name: '2 层.png', mimeType: 'image/png', buffer: picture })
    await page.getByRole('img', { name: '2 层 平面图' }).waitFor()
    await page.getByRole('button', { name: '摆放设备' }).click()
    await page.getByRole('button', { name: '总进线' }).click()
    const pin = page.locator('[data-pin="DEV-A"]')
    await pin.getByRole('button').focus()
    for (let step = 0; step < 4; step++) await page.keyboard.press('Shift+ArrowLeft')
    await page.keyboard.press('ArrowUp')
    const keyed = await pin.boundingBox()
    if (keyed === null) throw new Error('the device is not on the plan')
    // By hand from there: 100 px to the right.
    await page.mouse.move(keyed.x + keyed.width / 2, keyed.y + keyed.height / 2)
    await page.mouse.down()
    await page.mouse.move(keyed.x + keyed.width / 2 + 100, keyed.y + keyed.height / 2, { steps: 4 })
    await page.mouse.up()
    await page.getByRole('button', { name: '保存' }).click()
    await pin.getByRole('link').waitFor()
    const plans = await world.ledger.plans.list({ all: true }, world.sites.a)
    const placed = plans.find(({ name }) => name === '2 层')?.pins[0]
    const width = (await page.locator('.picture').boundingBox())?.width ?? 0
    expect(placed?.x).toBeCloseTo(0.3 + 100 / width, 2)
    expect(placed?.y).toBeCloseTo(0.495, 2)
    await pin.locator('svg[data-priority]').waitFor()
    await judged(page, 'plan')
    await context.close()
  }, 240_000)

  it('a landlord sees the house masked and changes nothing; a manager of another house sees nothing', async () => {
    const { context, page } = await signedIn('landlord')
    await page.goto(`${world.base}/rooms/${world.rooms.a}`)
    await page.locator('[data-lease]').getByText('139****0123').waitFor()
    for (const name of ['显示姓名和号码', '办理退租', '修改租约', '修改房间', '选择设备', '入住检查'])
      expect([name, await page.getByRole('button', { name }).count()]).toEqual([name, 0])
    await judged(page, 'room-landlord')
    await context.close()
    const other = await signedIn('warden')
    await other.page.goto(`${world.base}/rooms/${world.rooms.a}`)
    await other.page.locator('.notice').waitFor()
    expect(await other.page.content()).not.toContain('139****0123')
    await other.context.close()
  }, 120_000)
})
