// What the duty page weighs: every script that loads before it can be used, and what it fetches right after.
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildPages } from '../../support/browser.ts'

const BUDGET = 200 * 1024

let pages: Awaited<ReturnType<typeof buildPages>>
beforeAll(async () => {
  pages = await buildPages()
})
afterAll(() => pages?.remove())

const weight = async (path: string) => gzipSync(await readFile(join(pages.webRoot, path)), { level: 9 }).length

describe('the built pages', () => {
  it('load the duty desk, its catalog and its chart with at most 200 KB of script, gzip', async () => {
    const html = await readFile(join(pages.webRoot, 'index.html'), 'utf8')
    const first = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1] as string)
    expect(first.length).toBeGreaterThan(0)
    const assets = await readdir(join(pages.webRoot, 'assets'))
    const after = assets
      .filter((name) => /^(table|kind|SeriesChart|AlarmChart)-.*\.js$/.test(name))
      .map((name) => `assets/${name}`)
    expect(after.length).toBeGreaterThanOrEqual(3)
    const bytes = await Promise.all([...first, ...after].map(weight))
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(BUDGET)
  })

  it('have nothing inline that the policy would refuse', async () => {
    const html = await readFile(join(pages.webRoot, 'index.html'), 'utf8')
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>/)
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=/)
    const scripts = (await readdir(join(pages.webRoot, 'assets'))).filter((name) => name.endsWith('.js'))
    for (const name of scripts) {
      // Templates become markup by innerHTML, where a style attribute would be refused.
      const code = await readFile(join(pages.webRoot, 'assets', name), 'utf8')
      expect([name, /<[a-z][a-z0-9]*[^<>`]*\sstyle="/.test(code)]).toEqual([name, false])
    }
  })

  it('come compressed already', async () => {
    const assets = await readdir(join(pages.webRoot, 'assets'))
    const large = assets.filter((name) => /^index-.*\.(js|css)$/.test(name))
    for (const name of large) expect(assets).toEqual(expect.arrayContaining([`${name}.gz`, `${name}.br`]))
    expect(large.length).toBe(2)
  })
})
