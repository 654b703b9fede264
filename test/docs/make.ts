// npm run docs -- [--api] [--pictures]
//
// Writes what the documentation takes from the running product: the page of the API from the hub's own description, and the
// pictures of the guide and the README from a real hub in a real browser. Without an option: both.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildPagesIfStale } from '../../hub/pages.ts'
import { startHubProcess } from '../support/hub-process.ts'
import { renderApiPage } from './api-page.ts'
import type { Description } from './api-page.ts'

const DOCS = join(import.meta.dirname, '..', '..', 'docs')

async function apiPage(): Promise<void> {
  const hub = await startHubProcess()
  try {
    const answer = await fetch(`${hub.base}/api/openapi.json`)
    writeFileSync(join(DOCS, 'api.md'), renderApiPage((await answer.json()) as Description))
  } finally {
    await hub.dispose()
  }
}

const { values } = parseArgs({ options: { api: { type: 'boolean' }, pictures: { type: 'boolean' } } })
const everything = values.api !== true && values.pictures !== true
buildPagesIfStale()
if (everything || values.api === true) await apiPage()
if (everything || values.pictures === true) await import('./pictures.ts')
