// The pictures of the telephones: a manager's alarm and house, with and without a network; an installer at a new detector.
import mqtt from 'mqtt'
import type { Page } from 'playwright-core'
import { until } from '../support/hub-process.ts'
import { enter, GUIDE, live, open, PHONE, shoot, signIn } from './camera.ts'
import type { Places } from './people-scene.ts'
import type { Stage } from './stage.ts'

const NEW_DETECTOR = 'gas-33'

export async function phonePictures(stage: Stage, { houseId }: Places): Promise<void> {
  const { browser, line } = stage
  const base = `http://127.0.0.1:${line.port}`
  const page = await open(browser, { ...PHONE, colorScheme: 'light' })
  await enter(page, base, 'wang')
  await onTheLine(page)
  await page.locator('[data-alarm]').first().waitFor()
  // The page is kept on the telephone from here on.
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  await shoot(page, GUIDE, 'phone-alarms')
  await page.locator('[data-alarm]').filter({ hasText: '共用厨房' }).first().click()
  await page.getByText('打给谁').waitFor()
  await page.locator('a[href^="tel:"]').first().waitFor()
  await shoot(page, GUIDE, 'phone-alarm')
  await page.locator('label').filter({ hasText: '误报' }).click()
  await page.locator('form').filter({ hasText: '核实下来是什么' }).scrollIntoViewIfNeeded()
  await shoot(page, GUIDE, 'phone-verdict')
  await page.locator('nav a[href="/m/houses"]').click()
  await page.locator('[data-house]').first().waitFor()
  line.refuse(true)
  line.cut()
  await page.getByText(/离线，数据截至/).waitFor()
  await shoot(page, GUIDE, 'phone-offline')
  line.refuse(false)
  await onTheLine(page)
  await page.context().close()

  const manager = await open(browser, { colorScheme: 'light' })
  await enter(manager, stage.hub.base, 'wang')
  await onTheLine(manager)
  await manager.goto(`${stage.hub.base}/sites/${houseId}/rooms`)
  await live(manager)
  await manager.getByText('301').first().waitFor()
  await shoot(manager, GUIDE, 'rooms')
  await manager.context().close()
  await installing(stage)
}

const onTheLine = (page: Page): Promise<unknown> => page.locator('[data-testid=phone][data-phase=live]').waitFor()

/** From the label to the first reading. */
async function installing({ hub, browser }: Stage): Promise<void> {
  const page = await open(browser, { ...PHONE, colorScheme: 'light' })
  await signIn(page, hub.base, 'xu')
  await page.locator('input[name=id]').fill(NEW_DETECTOR)
  await page.locator('#install-kind').selectOption('gas')
  await page.getByRole('button', { name: '下一步' }).click()
  await page.locator('#install-site').fill('33')
  await page.locator('.list [role=option]').filter({ hasText: '33 号' }).click()
  await page.locator('input[name=position]').fill('厨房灶台上方')
  await shoot(page, GUIDE, 'install-place')
  await page.getByRole('button', { name: '登记' }).click()
  const token = await until('the token is shown', async () =>
    (await page.locator('.field pre').allTextContents()).find((text) => /^\s*[\w-]{43}\s*$/.test(text)),
  )
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, {
    username: NEW_DETECTOR,
    password: token.trim(),
    reconnectPeriod: 0,
  })
  const values = { gas_lel: 0.4, rssi: -70 }
  await client.publishAsync(`zhian/v1/${NEW_DETECTOR}/readings`, JSON.stringify({ values }), { qos: 1 })
  await page.getByText(/第一条读数 .* 到达/).waitFor()
  await shoot(page, GUIDE, 'install-reading')
  await client.endAsync()
  await page.context().close()
}
