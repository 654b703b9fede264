// Makes the pictures of the documentation: a hub of its own, a dozen alarms through the front door, a real browser.
//
//   node bin/on-pinned-node.mjs test/e2e/screenshots.ts [folder]      docs/images by default
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { buildPagesIfStale } from '../../hub/pages.ts'
import { Api } from '../support/api.ts'
import { launchBrowser } from '../support/browser.ts'
import { ADMIN_PASSWORD, startHubProcess, until } from '../support/hub-process.ts'
import type { Page } from 'playwright-core'
import type { HubProcess } from '../support/hub-process.ts'

const FOLDER = process.argv[2] ?? join(import.meta.dirname, '..', '..', 'docs', 'images')
const PASSWORD = 'night shift 2026'
const MINUTE = 60_000

/** Place, device, and what it says: one value, or a series that ends in it. Places and people are invented. */
const SCENE: readonly [
  area: string,
  site: string,
  id: string,
  kind: string,
  name: string,
  metric: string,
  value: number,
][] = [
  ['示范县/青禾街道/槐荫社区', '12 号', 'gas-12', 'gas', '共用厨房', 'gas_lel', 62],
  ['示范县/青禾街道/槐荫社区', '33 号', 'smoke-33', 'smoke', '二楼走道', 'smoke', 1],
  ['示范县/柳岸镇/河口村', '恒丰粮油', 'meter-hf', 'electricity', '总进线', 'residual_current', 412],
  ['示范县/石榴镇/东庄村', '广利五金', 'meter-gl', 'electricity', '车间配电', 'temperature_b', 73],
  ['示范县/青禾街道/槐荫社区', '7 号', 'gas-7', 'gas', '一楼厨房', 'gas_lel', 11],
  ['示范县/竹海镇/岭下村', '小城饭店', 'gas-xc', 'gas', '后厨', 'gas_lel', 14],
  ['示范县/望山街道/城西社区', '望山公寓 2 单元', 'meter-ws', 'electricity', '二单元总进线', 'residual_current', 246],
  ['示范县/白鹭镇/水车村', '水车碾米厂', 'meter-sc', 'electricity', '总进线', 'voltage_a', 252.4],
  ['示范县/稻香镇/新桥村', '新桥超市', 'meter-xq', 'electricity', '总进线', 'temperature_a', 63],
  ['示范县/茶园镇/上坪村', '茶园合作社', 'smoke-cy', 'smoke', '仓库', 'battery', 9],
]

async function fill(hub: HubProcess, admin: Api): Promise<void> {
  const rows = SCENE.map(([area, site, id, kind, name]) =>
    [id, kind, name, area, site, '李阿姨', '138-0000-0012'].join(','),
  )
  const csv = ['id,kind,name,area,site,contact_name,contact_phone', ...rows].join('\n')
  const { tokens } = await admin.ok<{ tokens: { id: string; token: string }[] }>('POST', '/devices/import', csv)
  await admin.ok('POST', '/users', {
    username: 'zhou',
    name: '周晓岚',
    role: 'duty',
    password: PASSWORD,
    mustChange: false,
  })
  for (const [, , id, , , metric, value] of SCENE.toReversed()) {
    const token = tokens.find((made) => made.id === id)?.token as string
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, {
      username: id,
      password: token,
      reconnectPeriod: 0,
    })
    await client.publishAsync(`zhian/v1/${id}/readings`, JSON.stringify(series(metric, value)), { qos: 1 })
    await client.endAsync()
  }
}

/** Half an hour that was ordinary and then was not. */
function series(metric: string, value: number): { ts: number; values: Record<string, number> }[] {
  const now = Date.now()
  const binary = metric === 'smoke'
  return Array.from({ length: 31 }, (_, index) => {
    const share = Math.max(0, (index - 20) / 10) ** 2
    const quiet = metric === 'voltage_a' ? 228 : metric === 'battery' ? 40 : value * 0.12
    const wobble = 1 + 0.04 * Math.sin(index * 1.7)
    const reached = binary ? (index === 30 ? 1 : 0) : quiet * wobble + (value - quiet * wobble) * share
    return { ts: now - (30 - index) * MINUTE, values: { [metric]: Math.round(reached * 10) / 10 } }
  })
}

async function signIn(page: Page, base: string): Promise<void> {
  await page.goto(`${base}/`)
  await page.locator('input[name=username]').fill('zhou')
  await page.locator('input[name=password]').fill(PASSWORD)
  await page.locator('button[type=submit]').click()
  await page.waitForSelector('[data-testid=veil][data-phase=live]')
}

mkdirSync(FOLDER, { recursive: true })
buildPagesIfStale()
const hub = await startHubProcess()
const browser = await launchBrowser()
try {
  const admin = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
  await fill(hub, admin)
  // The slowest of them waits half a minute before it counts.
  await until(
    'the alarms stand',
    async () => {
      const { total } = await admin.ok<{ total: number }>('GET', '/alarms?open=true')
      return total >= SCENE.length - 1
    },
    90_000,
  )
  for (const [name, colorScheme, viewport] of [
    ['desk', 'dark', { width: 1440, height: 900 }],
    ['desk-day', 'light', { width: 1440, height: 900 }],
    ['phone', 'light', { width: 390, height: 844 }],
  ] as const) {
    const context = await browser.newContext({ viewport, colorScheme, locale: 'zh-CN', deviceScaleFactor: 1 })
    const page = await context.newPage()
    await signIn(page, hub.base)
    await page.locator('[role=option]').first().waitFor()
    if (name !== 'phone') {
      await page.locator('[role=option]').first().click()
      await page.locator('article.detail canvas').first().waitFor()
    }
    if (name === 'desk-day') {
      await page.locator('header button').first().click()
    }
    await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: 'disabled' })
    await context.close()
  }
} finally {
  await browser.close()
  await hub.dispose()
}
