import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { phonePlaceOf } from '../../../dashboard/web/src/phone/path.ts'
import { sizeWithin } from '../../../dashboard/web/src/phone/shrink.ts'
import { WORDS } from '../../../dashboard/web/src/phone/words.ts'
import type { Bilingual } from '../../../contract/rules.ts'
import { buildPages } from '../../support/browser.ts'

const BUDGET = 100 * 1024

describe('the phone’s page', () => {
  let pages: Awaited<ReturnType<typeof buildPages>>
  beforeAll(async () => {
    pages = await buildPages()
  })
  afterAll(() => pages?.remove())
  const built = (path: string) => readFile(join(pages.webRoot, path))

  it('loads at most 100 KB of script, gzip, before it is first painted', async () => {
    const html = (await built('m.html')).toString()
    const scripts = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1] as string)
    expect(scripts.length).toBeGreaterThan(2)
    const bytes = await Promise.all(scripts.map(async (path) => gzipSync(await built(path), { level: 9 }).length))
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(BUDGET)
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son\w+=/)
  })

  it('has a worker that stands alone and knows a shell whose every file was built', async () => {
    const worker = (await built('m/sw.js')).toString()
    expect(worker).not.toMatch(/^\s*import\b|__PHONE_SHELL__/m)
    const [, list = '[]'] = /"files":(\[[^\]]*\])/.exec(worker) ?? []
    const files = JSON.parse(list) as string[]
    expect(files).toContain('/m/')
    expect(files.length).toBeGreaterThan(10)
    for (const file of files.filter((path) => path !== '/m/')) await built(file)
    const manifest = JSON.parse((await built('m/manifest.webmanifest')).toString()) as { icons: { src: string }[] }
    for (const { src } of manifest.icons) expect((await built(src)).subarray(1, 4).toString()).toBe('PNG')
  })
})

describe('addresses of the phone', () => {
  it('are its own and nobody else’s', () => {
    expect(phonePlaceOf('/m/')).toEqual({ page: 'alarms' })
    expect(phonePlaceOf('/m/alarms/a%2F1')).toEqual({ page: 'alarm', id: 'a/1' })
    expect(phonePlaceOf('/m/houses/x')).toEqual({ page: 'house', id: 'x' })
    for (const path of ['/m/houses', '/m/meters', '/m/me']) expect(phonePlaceOf(path).page).toBe(path.slice(3))
    for (const path of ['/desk', '/m/x', '/m/alarms/%', '/m/me/x', '/m/houses/a/b'])
      expect([path, phonePlaceOf(path)]).toEqual([path, { page: 'unknown' }])
  })
})

describe('a photograph', () => {
  it('is made no larger than 2,048 px, and never larger than it is', () => {
    expect(sizeWithin(4_000, 3_000)).toEqual({ width: 2_048, height: 1_536 })
    expect(sizeWithin(3_000, 6_000)).toEqual({ width: 1_024, height: 2_048 })
    expect(sizeWithin(800, 600)).toEqual({ width: 800, height: 600 })
    expect(sizeWithin(9_000, 1)).toEqual({ width: 2_048, height: 1 })
  })
})

describe('the phone’s words', () => {
  it('say the same in both languages, with the same parameters', () => {
    const names = (text: string) => [...new Set([...text.matchAll(/\{(\w+)/g)].map((match) => match[1]))].toSorted()
    for (const [key, { zh, en }] of Object.entries<Bilingual>(WORDS)) {
      expect([key, zh !== '' && en !== '']).toEqual([key, true])
      expect([key, names(en)]).toEqual([key, names(zh)])
    }
  })
})
