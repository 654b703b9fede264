// The gallery looks as it did when its pictures were last taken: every component in every state, in both themes and languages,
// on a desk and on a phone. What changed on purpose is taken anew (see gallery-pictures.ts).
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser } from 'playwright-core'
import { FakeHub, PASSWORD } from '../dashboard/web/fake-hub.ts'
import { buildPages } from '../support/browser.ts'
import { decodePng, difference, encodePng } from '../support/picture.ts'
import type { Picture } from '../support/picture.ts'
import {
  VARIANTS,
  browserOf,
  compareWithBaselines,
  launchForPictures,
  nameOf,
  takePictures,
} from './gallery-pictures.ts'

let pages: Awaited<ReturnType<typeof buildPages>>
let browser: Browser
let hub: FakeHub
beforeAll(async () => {
  pages = await buildPages()
  hub = new FakeHub({ alarms: 3, webRoot: pages.webRoot })
  await hub.start()
  // As on a machine with a dense screen: the pictures do not depend on it.
  browser = await launchForPictures(['--force-device-scale-factor=2'])
})
afterAll(async () => {
  await browser?.close()
  await hub?.stop()
  await pages?.remove()
})

/** Where the failing pictures are left to be looked at. */
let folder: string | null = null
function keep(name: string, picture: Picture): string {
  folder ??= mkdtempSync(join(tmpdir(), 'zhian-gallery-'))
  const path = join(folder, `${name}.png`)
  writeFileSync(path, encodePng(picture))
  return path
}

describe('the gallery', () => {
  it.each(VARIANTS.map((variant) => [nameOf(variant), variant] as const))(
    'looks the same: %s',
    async (name, variant) => {
      const pictures = await takePictures(browser, hub, variant)
      expect(pictures.size).toBeGreaterThan(30)
      const faults = compareWithBaselines(variant, pictures, browserOf(browser)).flatMap(
        ({ name: exhibit, fault, map }) => {
          if (fault === null) return []
          const now = pictures.get(exhibit)
          const seen = now === undefined ? '' : ` now ${keep(`${name}-${exhibit}`, now)}`
          return [
            `${exhibit} ${fault}${seen}${map === null ? '' : `, where ${keep(`${name}-${exhibit}-differs`, map)}`}`,
          ]
        },
      )
      expect(faults).toEqual([])
    },
    180_000,
  )

  it('is for administrators, and no page links to it', async () => {
    const context = await browser.newContext()
    await context.request.post(`${hub.url}/api/v1/session`, { data: { username: 'duty', password: PASSWORD } })
    const page = await context.newPage()
    await page.goto(`${hub.url}/gallery`)
    await page.getByText('没有权限').waitFor()
    expect(await page.locator('[data-exhibit]').count()).toBe(0)
    expect(await page.locator('a[href*=gallery]').count()).toBe(0)
    await context.close()
  })
})

describe('a picture', () => {
  const plain = (width: number, height: number, grey: number): Picture => ({
    width,
    height,
    pixels: new Uint8Array(width * height * 3).fill(grey),
  })
  const withBox = (left: number, grey: number): Picture => {
    const picture = plain(40, 30, 0)
    for (let y = 10; y < 20; y += 1)
      for (let x = left; x < left + 10; x += 1) picture.pixels.fill(grey, (y * 40 + x) * 3, (y * 40 + x) * 3 + 3)
    return picture
  }

  it('comes back from its file in its main colours', () => {
    const picture = withBox(7, 204)
    expect(decodePng(encodePng(picture))).toEqual(picture)
    expect(difference(decodePng(encodePng(plain(33, 5, 100))), plain(33, 5, 100)).pixels).toBe(0)
  })

  it('differs when something moved, changed colour, came or went, and not by the edge of a letter', () => {
    expect(difference(withBox(10, 255), withBox(10, 255)).pixels).toBe(0)
    expect(difference(withBox(10, 255), withBox(11, 255)).pixels).toBe(0)
    expect(difference(withBox(10, 255), withBox(10, 230)).pixels).toBe(0)
    expect(difference(withBox(10, 255), withBox(14, 255)).pixels).toBeGreaterThan(24)
    expect(difference(withBox(10, 255), withBox(10, 120)).pixels).toBeGreaterThan(24)
    expect(difference(withBox(10, 255), plain(40, 30, 0)).pixels).toBeGreaterThan(24)
    expect(difference(plain(40, 30, 9), plain(40, 32, 9)).pixels).toBe(80)
  })
})
