// The import table of ARCHITECTURE.md, enforced. Folders name who they may import; a heavy library has one home;
// what decides reads no clock.
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

interface Row {
  readonly folder: string
  readonly mayImport: readonly string[]
}

/** Parses the table "| folder | may import |" of ARCHITECTURE.md. */
function importTable(): Row[] {
  const text = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8')
  const start = text.indexOf('| folder | may import |')
  expect(start, 'ARCHITECTURE.md has the import table').toBeGreaterThanOrEqual(0)
  const rows: Row[] = []
  for (const line of text.slice(start).split('\n').slice(2)) {
    if (!line.startsWith('|')) break
    const [, folder = '', allowed = ''] = line.split('|').map((cell) => cell.trim())
    rows.push({
      folder: folder.replaceAll('`', '').replace(/\/$/, ''),
      mayImport: [...allowed.matchAll(/`([^`]+)`/g)].map((match) => (match[1] as string).replace(/\/$/, '')),
    })
  }
  return rows
}

function sourceFiles(folder: string): string[] {
  const found: string[] = []
  for (const entry of readdirSync(folder)) {
    if (entry === 'node_modules' || entry === 'dist') continue
    const path = join(folder, entry)
    if (statSync(path).isDirectory()) found.push(...sourceFiles(path))
    else if (/\.(ts|svelte|mjs)$/.test(entry)) found.push(path)
  }
  return found
}

interface Import {
  readonly file: string
  readonly target: string
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s*['"]([^'"]+)['"]/g

function importsOf(path: string): Import[] {
  const text = readFileSync(path, 'utf8')
  return [...text.matchAll(IMPORT)].map((match) => ({
    file: relative(ROOT, path),
    target: (match[1] ?? match[2] ?? match[3]) as string,
  }))
}

/** The table's row a path belongs to: the longest folder that contains it. */
function homeOf(path: string, rows: readonly Row[]): Row | undefined {
  return rows
    .filter((row) => path === row.folder || path.startsWith(row.folder + sep))
    .sort((a, b) => b.folder.length - a.folder.length)[0]
}

const packageOf = (specifier: string): string =>
  specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : (specifier.split('/')[0] as string)

describe('architecture', () => {
  const rows = importTable()

  it('names every source folder in the import table', () => {
    const folders = [
      'contract',
      'broker',
      'ingest',
      'records',
      'dashboard/server',
      'dashboard/web',
      'simulators',
      'hub',
    ]
    for (const folder of folders) expect(rows.map((row) => row.folder)).toContain(folder)
  })

  for (const row of rows.filter((entry) => !entry.mayImport.includes('*'))) {
    it(`${row.folder} imports only ${row.mayImport.join(', ') || 'itself'}`, () => {
      const wrong: string[] = []
      for (const path of sourceFiles(join(ROOT, row.folder))) {
        if (homeOf(relative(ROOT, path), rows)?.folder !== row.folder) continue
        for (const { file, target } of importsOf(path)) {
          if (target.startsWith('.')) {
            const to = homeOf(relative(ROOT, join(path, '..', target)), rows)
            if (to?.folder !== row.folder && !row.mayImport.includes(to?.folder ?? target))
              wrong.push(`${file} → ${target}`)
          } else if (target.startsWith('node:')) {
            if (!row.mayImport.includes('node:')) wrong.push(`${file} → ${target}`)
          } else if (!row.mayImport.includes(packageOf(target))) wrong.push(`${file} → ${target}`)
        }
      }
      expect(wrong).toEqual([])
    })
  }

  it('gives every heavy library one importing folder', () => {
    const homes: Record<string, string | readonly string[]> = {
      aedes: 'broker',
      '@duckdb/node-api': join('ingest', 'readings'),
      kysely: 'records',
      'node:sqlite': 'records',
      fastify: join('dashboard', 'server'),
      'socket.io': join('dashboard', 'server'),
      // As devices, and as a reader of other brokers.
      mqtt: ['simulators', join('ingest', 'bridge')],
    }
    const wrong: string[] = []
    for (const row of rows.filter((entry) => entry.folder !== 'test')) {
      for (const path of sourceFiles(join(ROOT, row.folder))) {
        for (const { file, target } of importsOf(path)) {
          const home = homes[target.startsWith('node:') ? target : packageOf(target)]
          if (home !== undefined && ![home].flat().some((folder) => file.startsWith(folder + sep)))
            wrong.push(`${file} → ${target}`)
        }
      }
    }
    expect([...new Set(wrong)]).toEqual([])
  })

  it('keeps ingest/alarms pure: no clock, no timer, no I/O, no chance', () => {
    const impure =
      /\bDate\.now\b|\bnew Date\(\)|\bperformance\b|\bset(?:Timeout|Interval|Immediate)\b|\bMath\.random\b|\bprocess\b|from 'node:/
    const wrong = sourceFiles(join(ROOT, 'ingest', 'alarms')).filter((path) => {
      const code = readFileSync(path, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
      return impure.test(code)
    })
    expect(wrong.map((path) => relative(ROOT, path))).toEqual([])
  })
})
