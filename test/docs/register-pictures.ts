// The pictures of those who keep the register, of a town's desk, and of the wall.
import type { Page } from 'playwright-core'
import type { Alarm } from '../../contract/alarms.ts'
import { workbook } from '../dashboard/server/workbooks.ts'
import { ADMIN_PASSWORD } from '../support/hub-process.ts'
import { GUIDE, live, open, shoot, signIn } from './camera.ts'
import type { Stage } from './stage.ts'

const WALL = { width: 1600, height: 900 }

export async function registerPictures(stage: Stage): Promise<void> {
  const { browser, hub } = stage
  const town = await open(browser, { colorScheme: 'dark' })
  await signIn(town, hub.base, 'shen')
  await town.locator('[role=option]').first().click()
  await town.locator('article.detail canvas').first().waitFor()
  await shoot(town, GUIDE, 'town-desk')
  await town.context().close()

  const page = await open(browser, { colorScheme: 'light' })
  await signIn(page, hub.base, 'admin', ADMIN_PASSWORD)
  const visit = async (path: string, text: string) => {
    await page.goto(`${hub.base}${path}`)
    await live(page)
    await page.getByText(text).first().waitFor()
  }
  await visit('/sites', '广利五金')
  await page.getByRole('link', { name: '广利五金' }).click()
  await page.getByText('示安委办〔2026〕17 号').waitFor()
  await shoot(page, GUIDE, 'site')
  await visit('/coverage', '应装')
  await page.getByRole('row').filter({ hasText: '青禾街道' }).first().waitFor()
  await shoot(page, GUIDE, 'coverage')
  await visit('/users', '孙敏')
  await shoot(page, GUIDE, 'users')
  await visit('/import', '下载模板')
  await faultyWorkbook(page)
  await shoot(page, GUIDE, 'import')
  await visit('/audit', '核对链')
  await page.getByRole('button', { name: '核对链' }).click()
  await page.getByText(/链完整/).waitFor()
  await shoot(page, GUIDE, 'audit')
  await page.context().close()
  await wall(stage)
}

/** Two cells of it are wrong: nothing of it is imported. */
async function faultyWorkbook(page: Page): Promise<void> {
  const buffer = await workbook({
    场所: [
      ['区域', '场所', '类别', '风险等级', '联系人', '联系人电话'],
      ['示范县/青禾街道/槐荫社区', '34 号', '居住出租房屋', '黄', '李阿姨', '138-0000-0012'],
      ['示范县/青禾街道/槐荫社区', '35 号', '出租屋', '黄', '老郑', '138-0000-0013'],
      ['示范县/青禾街道/槐荫社区', '36 号', '居住出租房屋', '黄', '老郑', '分机 13'],
    ],
  })
  const mimeType = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
  await page.locator('input[type=file]').setInputFiles({ name: '槐荫社区.xlsx', mimeType, buffer })
  await page.getByText('没有导入任何内容').waitFor()
}

/** Its map stands when nobody has to be called to an urgent alarm. */
async function wall({ hub, browser, admin }: Stage): Promise<void> {
  const { items } = await admin.ok<{ items: readonly Alarm[] }>('GET', '/alarms?open=true&limit=100')
  for (const { id, seq, priority, ack } of items)
    if (priority <= 2 && ack === null) await admin.ok('POST', `/alarms/${id}/ack`, { seq, reason: 'seen' })
  const page = await open(browser, { colorScheme: 'dark', viewport: WALL })
  await signIn(page, hub.base, 'daping')
  await page.locator('[data-testid=wall-page][data-page=overview] svg path').first().waitFor()
  await page.getByTestId('wall-total').filter({ hasText: /\d/ }).waitFor()
  await shoot(page, GUIDE, 'wall')
  await page.context().close()
}
