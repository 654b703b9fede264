// What the operator's pages name is really there: variables, metrics, log lines, files.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { VARIABLES } from '../../hub/config.ts'
import { ROOT } from '../support/hub-process.ts'
import { FIGURES_PATH, PAGE_PATH, sizingTables, withTables } from '../bench/cluster/sizing-page.ts'
import { readFigures } from '../bench/cluster/figures.ts'

const OPERATIONS = join(ROOT, 'docs', 'operations')
const pages = readdirSync(OPERATIONS).filter((name) => /\.(?:md|service)$/.test(name))
const read = (name: string): string => readFileSync(join(OPERATIONS, name), 'utf8')

const sources = ['broker', 'cluster', 'dashboard/server', 'hub', 'ingest', 'records']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => readFileSync(join(ROOT, folder, path), 'utf8')),
  )
  .join('\n')

describe.each(pages)('%s', (page) => {
  it('names only variables that the hub has', () => {
    for (const [name] of read(page).matchAll(/\bZHIAN_[A-Z][A-Z_]*[A-Z]\b/g))
      expect(name in VARIABLES || name.replace(/_FILE$/, '') in VARIABLES, name).toBe(true)
  })

  it('names only metrics that something exports', () => {
    for (const [, name = ''] of read(page).matchAll(/`(zhian_[a-z_]*[a-z])\b/g))
      expect(sources.includes(`'${name}'`), name).toBe(true)
  })

  it('links to what is there', () => {
    for (const [, target = ''] of read(page).matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g))
      expect(existsSync(join(OPERATIONS, dirname(page), target)), target).toBe(true)
  })
})

it('the runbook quotes log lines as they are logged', () => {
  const quoted = [...read('cluster-runbook.md').matchAll(/日志 `([^`]+)`(?: 或 `([^`]+)`)?/g)].flatMap(([, a, b]) => [
    a,
    b,
  ])
  expect(quoted.length).toBeGreaterThan(8)
  // `partition taken` is put together of a word and what happened.
  for (const line of quoted)
    if (line !== undefined && line !== 'partition taken') expect(sources.includes(line), line).toBe(true)
})

it.skipIf(!existsSync(FIGURES_PATH))('the page of sizes is what its figures make of it', () => {
  const page = readFileSync(PAGE_PATH, 'utf8')
  expect(withTables(page, sizingTables(readFigures(FIGURES_PATH)))).toBe(page)
})
