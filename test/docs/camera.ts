// A browser that photographs pages: how it opens one, signs in, and keeps what it sees.
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { PASSWORD } from './scene.ts'

const DOCS = join(import.meta.dirname, '..', '..', 'docs')
export const README = join(DOCS, 'images')
export const GUIDE = join(DOCS, 'guide', 'images')

const DESKTOP = { width: 1440, height: 900 }
export const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

interface View extends BrowserContextOptions {
  readonly colorScheme: 'dark' | 'light'
}

export async function open(browser: Browser, view: View): Promise<Page> {
  const options = { viewport: DESKTOP, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', ...view }
  const context = await browser.newContext(options)
  return await context.newPage()
}

/** By the sign-in page; resolves when it is sent. */
export async function enter(page: Page, base: string, username: string, password = PASSWORD): Promise<void> {
  await page.goto(`${base}/`)
  await page.locator('input[name=username]').fill(username)
  await page.locator('input[name=password]').fill(password)
  await page.locator('button[type=submit]').click()
}

export const live = (page: Page): Promise<unknown> => page.waitForSelector('[data-testid=veil][data-phase=live]')

export async function signIn(page: Page, base: string, username: string, password = PASSWORD): Promise<void> {
  await enter(page, base, username, password)
  await live(page)
}

export async function shoot(target: Page | Locator, folder: string, name: string): Promise<void> {
  await target.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled', caret: 'hide' })
}
