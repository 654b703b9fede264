// Pictures of the gallery, exhibit by exhibit, in both themes and languages, on a desk and on a phone.
//
//   node bin/on-pinned-node.mjs test/e2e/gallery-pictures.ts --update      takes today's as those to compare with
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { AT } from '../../dashboard/web/src/gallery/samples.ts'
import { FakeHub, PASSWORD } from '../dashboard/web/fake-hub.ts'
import { buildPages, launchBrowser } from '../support/browser.ts'
import { cropped, decodePng, difference, encodePng } from '../support/picture.ts'
import type { Picture, Region } from '../support/picture.ts'

export const BASELINES = join(import.meta.dirname, 'gallery')
export const VARIANTS = ['night', 'day'].flatMap((theme) =>
  ['zh', 'en'].flatMap((language) => ['desk', 'phone'].map((device) => ({ theme, language, device }))),
)
export type Variant = (typeof VARIANTS)[number]
export const nameOf = ({ theme, language, device }: Variant): string => `${theme}-${language}-${device}`

const SIZES: Readonly<Record<string, { width: number; height: number }>> = {
  desk: { width: 1280, height: 900 },
  phone: { width: 390, height: 844 },
}
const DIALOGS = ['keys', 'comment', 'verdict', 'field', 'device', 'token', 'site', 'user']
/** Every letter from one font that the machine must have: what `system-ui` is differs from machine to machine. */
const FONT = ":root { --font: 'Noto Sans CJK SC' !important; --font-code: 'Noto Sans Mono CJK SC' !important }"
/** Whatever screen the machine has: its density would move a line by half a pixel. The last of two equal flags counts. */
const FLAGS = [
  '--disable-lcd-text',
  '--font-render-hinting=none',
  '--force-color-profile=srgb',
  '--force-device-scale-factor=1',
]

export const launchForPictures = (flags: readonly string[] = []): Promise<Browser> =>
  launchBrowser([...flags, ...FLAGS])

/** Which browser draws: letters of another may fall otherwise. */
export const browserOf = (browser: Browser): string => `Chromium ${browser.version().split('.')[0] ?? ''}`

/** All exhibits and dialogs of one variant, by name. */
export async function takePictures(browser: Browser, hub: FakeHub, variant: Variant): Promise<Map<string, Picture>> {
  const size = SIZES[variant.device] as { width: number; height: number }
  const context = await browser.newContext({
    viewport: size,
    deviceScaleFactor: 1,
    reducedMotion: 'reduce',
    bypassCSP: true,
  })
  try {
    await context.addInitScript(
      ([language, theme]) => {
        localStorage.setItem('zhian.language', language as string)
        localStorage.setItem('zhian.theme', theme as string)
      },
      [variant.language, variant.theme],
    )
    await context.request.post(`${hub.url}/api/v1/session`, { data: { username: 'admin', password: PASSWORD } })
    const page = await context.newPage()
    // When one signed in is shown; all else in the gallery has the instant of the samples.
    await page.route('**/api/v1/me', async (route) => {
      const response = await route.fetch()
      const me = (await response.json()) as Record<string, unknown>
      const fixed = {
        signedInAt: AT - 60 * 60_000,
        sessionEndsAt: AT + 60 * 60_000,
        mqtt: { port: 1883, tlsPort: null },
      }
      await route.fulfill({ response, json: { ...me, ...fixed } })
    })
    await page.clock.setFixedTime(AT)
    await open(page, `${hub.url}/gallery`)
    const pictures = new Map<string, Picture>()
    // As high as the whole gallery, so that one picture has it all.
    const height = await page.locator('.gallery').evaluate((gallery) => gallery.scrollHeight)
    await page.setViewportSize({ width: size.width, height: height + 400 })
    await drawn(page)
    const regions = await page.locator('[data-exhibit]').evaluateAll((exhibits) =>
      exhibits.map((exhibit): [string, Region] => {
        const { x, y, width, height: high } = exhibit.getBoundingClientRect()
        return [exhibit.getAttribute('data-exhibit') ?? '', { x, y, width, height: high }]
      }),
    )
    const whole = await pictureOf(page)
    for (const [name, region] of regions) pictures.set(fileNameOf(name), cropped(whole, region))
    await page.setViewportSize(size)
    for (const dialog of DIALOGS) {
      await open(page, `${hub.url}/gallery?dialog=${dialog}`)
      const box = page.getByRole('dialog')
      await box.waitFor()
      await drawn(page)
      const region = await box.evaluate((element) => {
        const { x, y, width, height: high } = element.getBoundingClientRect()
        return { x, y, width, height: high }
      })
      pictures.set(`dialog-${dialog}`, cropped(await pictureOf(page), region))
    }
    return pictures
  } finally {
    await context.close()
  }
}

const fileNameOf = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]+/g, '-')

async function open(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await page.addStyleTag({ content: FONT })
  await page.locator('[data-exhibit="LatencyHistogram"]').waitFor()
  await drawn(page)
}

/** Fonts are there, charts have their size, and two frames have passed since. */
async function drawn(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    [...document.querySelectorAll<HTMLElement>('.uplot')].every(
      (chart) => chart.clientWidth > 0 && Math.abs(chart.clientWidth - (chart.parentElement?.clientWidth ?? 0)) < 1,
    ),
  )
  await page.evaluate(async () => {
    await document.fonts.ready
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
  })
}

const pictureOf = async (page: Page): Promise<Picture> =>
  decodePng(await page.screenshot({ animations: 'disabled', caret: 'hide', scale: 'css' }))

export interface Comparison {
  readonly name: string
  /** What is wrong, in words; null when nothing is. */
  readonly fault: string | null
  readonly map: Picture | null
}

/** Pixels that may differ: a handful, and a thousandth of the picture; of another browser's letters, a thirtieth. */
const allowed = ({ width, height }: Picture, sameBrowser: boolean): number =>
  24 + (width * height) / (sameBrowser ? 1_000 : 30)

export function compareWithBaselines(
  variant: Variant,
  pictures: ReadonlyMap<string, Picture>,
  browser: string,
): Comparison[] {
  const folder = join(BASELINES, nameOf(variant))
  const sameBrowser = readFileSync(join(BASELINES, 'browser.txt'), 'utf8').trim() === browser
  const known = readdirSync(folder).map((file) => file.replace(/\.png$/, ''))
  const gone = known.filter((name) => !pictures.has(name))
  return [
    ...gone.map((name) => ({ name, fault: 'is no longer in the gallery', map: null })),
    ...[...pictures].map(([name, picture]) => {
      if (!known.includes(name)) return { name, fault: 'is new in the gallery', map: null }
      const baseline = decodePng(readFileSync(join(folder, `${name}.png`)))
      const { pixels, map } = difference(picture, baseline)
      if (pixels <= allowed(baseline, sameBrowser)) return { name, fault: null, map: null }
      const sizes = `${picture.width} × ${picture.height}, was ${baseline.width} × ${baseline.height}`
      return { name, fault: `${pixels} pixels differ (${sizes})`, map }
    }),
  ]
}

async function update(): Promise<void> {
  const pages = await buildPages()
  const hub = new FakeHub({ alarms: 3, webRoot: pages.webRoot })
  await hub.start()
  const browser = await launchForPictures()
  try {
    rmSync(BASELINES, { recursive: true, force: true })
    let bytes = 0
    for (const variant of VARIANTS) {
      const folder = join(BASELINES, nameOf(variant))
      mkdirSync(folder, { recursive: true })
      for (const [name, picture] of await takePictures(browser, hub, variant)) {
        const file = encodePng(picture)
        bytes += file.length
        writeFileSync(join(folder, `${name}.png`), file)
      }
    }
    writeFileSync(join(BASELINES, 'browser.txt'), `${browserOf(browser)}\n`)
    process.stdout.write(`${VARIANTS.length} variants, ${Math.round(bytes / 1000)} KB in ${BASELINES}\n`)
  } finally {
    await browser.close()
    await hub.stop()
    await pages.remove()
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!process.argv.includes('--update')) throw new Error('usage: gallery-pictures.ts --update')
  await update()
}
