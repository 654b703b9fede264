// Chromium as the browser tests use it, and the pages as they are built for it.
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'

const CANDIDATES = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const browserPath = (): string | undefined => CANDIDATES.find((path) => path !== undefined && existsSync(path))

export async function launchBrowser(flags: readonly string[] = []): Promise<Browser> {
  const executablePath = browserPath()
  if (executablePath === undefined) throw new Error('no Chromium found: install Debian’s chromium or set CHROMIUM_PATH')
  return chromium.launch({ executablePath, args: [...FLAGS, ...flags] })
}

/**
 * The pages that `npm test` built for the whole run. A test run by itself builds them into a folder of its own, so that it
 * never looks at yesterday's; and as they ship, though the test runner names its own environment, for which Svelte would
 * build its larger development code.
 */
export async function buildPages(): Promise<{ readonly webRoot: string; remove(): Promise<void> }> {
  const built = process.env['ZHIAN_TEST_PAGES']
  if (built !== undefined) return { webRoot: built, remove: async () => {} }
  const webRoot = await mkdtemp(join(tmpdir(), 'zhian-web-'))
  const root = join(import.meta.dirname, '../../dashboard/web')
  const environment = process.env['NODE_ENV']
  process.env['NODE_ENV'] = 'production'
  try {
    await build({
      root,
      configFile: join(root, 'vite.config.ts'),
      logLevel: 'error',
      build: { outDir: webRoot, emptyOutDir: true },
    })
  } finally {
    if (environment === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = environment
  }
  return { webRoot, remove: () => rm(webRoot, { recursive: true, force: true }) }
}
