// A duty officer's desk in a real browser, in front of the hub under measurement.
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { ADMIN_PASSWORD } from '../support/hub-process.ts'
import type { HubProcess } from '../support/hub-process.ts'

export const LIVE = '[data-testid=veil][data-phase=live]'

/** A browser window of its own (no cache, no other tab), signed in. */
export async function signedIn(browser: Browser, hub: HubProcess): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'zh-CN' })
  const answer = await context.request.post(`${hub.base}/api/v1/session`, {
    data: { username: 'admin', password: ADMIN_PASSWORD },
    headers: { origin: hub.base },
  })
  if (!answer.ok()) throw new Error(`sign-in: ${answer.status()} ${await answer.text()}`)
  return context
}

export async function openDesk(context: BrowserContext, hub: HubProcess): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${hub.base}/desk`)
  await page.waitForSelector(LIVE)
  return page
}
