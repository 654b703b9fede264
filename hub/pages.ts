// Builds the pages when they are missing or older than their sources.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const BUILT = join(ROOT, 'dashboard', 'web', 'dist', 'index.html')
const SOURCES = ['dashboard/web', 'contract', 'package-lock.json'].map((path) => join(ROOT, path))

/** Newest change below a file or folder, ms. */
function newest(path: string): number {
  const info = statSync(path)
  if (!info.isDirectory()) return info.mtimeMs
  return readdirSync(path)
    .filter((name) => name !== 'dist' && name !== 'node_modules')
    .reduce((latest, name) => Math.max(latest, newest(join(path, name))), 0)
}

/** Says in both languages what it does; ends the process when it fails. */
export function buildPagesIfStale(): void {
  if (existsSync(BUILT) && SOURCES.every((source) => newest(source) <= statSync(BUILT).mtimeMs)) return
  process.stderr.write('智安  正在构建网页（约 20 秒）…  Building the page (about 20 s)…\n')
  const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js')
  const { status } = spawnSync(process.execPath, [vite, 'build', 'dashboard/web', '--logLevel', 'warn'], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0) {
    process.stderr.write('智安  构建网页失败，见上。  Building the page failed, see above.\n')
    process.exit(1)
  }
}
