// The desk with 0, 1, 12 and 2,000 alarms and the longest names, at every size it is used at, in both themes and languages:
// every alarm drawn is whole and tells its urgency in four ways, the counts agree, and nothing is cut off or on another.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { FakeHub, PASSWORD } from '../dashboard/web/fake-hub.ts'
import { buildPages, launchBrowser } from '../support/browser.ts'
import { misfits } from './page-checks.ts'

const SIZES = [
  { width: 1440, height: 900 },
  { width: 1920, height: 1080 },
  { width: 390, height: 844 },
]
const THEMES = ['night', 'day'] as const
const LANGUAGES = ['zh', 'en'] as const
const WORDS = { zh: ['紧急', '严重', '一般', '提示'], en: ['Urgent', 'Serious', 'Minor', 'Notice'] } as const
const LIVE = { zh: '实时', en: 'Live' } as const
/** More rows than any of the sizes shows, with what is drawn beyond the edges. */
const MOST_DRAWN = 80

let pages: Awaited<ReturnType<typeof buildPages>>
let browser: Browser
beforeAll(async () => {
  pages = await buildPages()
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await pages?.remove()
})

interface Drawn {
  readonly priority: string
  readonly shape: string
  readonly colour: string
  readonly text: string
}

const drawn = (page: Page): Promise<Drawn[]> =>
  page.locator('[data-alarm]').evaluateAll((rows) =>
    rows.map((row) => {
      const marker = row.querySelector('svg')
      const shape = marker?.querySelector('path, rect, circle, polygon')
      return {
        priority: marker?.textContent?.trim() ?? '',
        shape: `${shape?.tagName} ${shape?.getAttribute('d') ?? shape?.getAttribute('points') ?? ''}`,
        colour: shape ? `${getComputedStyle(shape).stroke} ${getComputedStyle(shape).fill}` : '',
        text: `${row.textContent} ${row.getAttribute('aria-label') ?? ''}`,
      }
    }),
  )

describe.each([0, 1, 12, 2_000])('the desk with %i alarms', (count) => {
  let hub: FakeHub
  const contexts: BrowserContext[] = []
  beforeAll(async () => {
    hub = new FakeHub({ alarms: count, longNames: true, webRoot: pages.webRoot })
    await hub.start()
  })
  afterAll(async () => {
    for (const context of contexts) await context.close()
    await hub?.stop()
  })

  it.each(LANGUAGES)(
    'in %s',
    async (language) => {
      const context = await browser.newContext({ reducedMotion: 'reduce' })
      contexts.push(context)
      const complaints: string[] = []
      for (const size of SIZES)
        for (const theme of THEMES) {
          const page = await context.newPage()
          page.on('pageerror', (error) => complaints.push(error.message))
          await page.addInitScript(
            ([language, theme]) => {
              localStorage.setItem('zhian.language', language)
              localStorage.setItem('zhian.theme', theme)
            },
            [language, theme] as const,
          )
          await page.setViewportSize(size)
          await page.request.post(`${hub.url}/api/v1/session`, { data: { username: 'duty', password: PASSWORD } })
          await page.goto(`${hub.url}/desk`)
          await page.getByTestId('link').filter({ hasText: LIVE[language] }).waitFor()
          const how = `${count} alarms, ${size.width} px, ${theme}, ${language}`
          if (count === 0) await page.locator('.notice').first().waitFor()
          else await page.locator('[data-alarm]').first().waitFor()
          expect(await page.evaluate(() => document.documentElement.dataset['theme']), how).toBe(theme)

          const rows = await drawn(page)
          expect(rows.length, how).toBeLessThanOrEqual(Math.min(count, MOST_DRAWN))
          expect(rows.length, how).toBeGreaterThanOrEqual(Math.min(count, 1))
          for (const row of rows) expect(['1', '2', '3', '4'], how).toContain(row.priority)
          const urgencies = new Map(rows.map((row) => [row.priority, row]))
          for (const [priority, row] of urgencies)
            expect(row.text, how).toContain(WORDS[language][Number(priority) - 1])
          expect(new Set([...urgencies.values()].map(({ shape }) => shape)).size, how).toBe(urgencies.size)
          expect(new Set([...urgencies.values()].map(({ colour }) => colour)).size, how).toBe(urgencies.size)
          expect(await misfits(page), how).toEqual([])

          if (count > 0) {
            await page.locator('[data-alarm]').first().click()
            await page.locator('article.detail').waitFor()
            expect(await misfits(page), `${how}, opened`).toEqual([])
          }
          await page.close()
        }
      expect(complaints).toEqual([])
    },
    180_000,
  )
})
