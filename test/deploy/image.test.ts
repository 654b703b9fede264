// What the Dockerfile puts into the image is enough to run: its folders, and the packages that are no development packages.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { buildPages } from '../support/browser.ts'
import { freePort, ROOT, until } from '../support/hub-process.ts'

const image = mkdtempSync(join(tmpdir(), 'zhian-image-'))
afterAll(() => rmSync(image, { recursive: true, force: true }))

/** The last stage: what it copies from the project or from the stage that built the pages, and what it runs. */
function lastStage(): { copied: string[]; command: string[] } {
  const [stage = ''] = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
    .split(/^FROM /m)
    .slice(-1)
  const copied = [...stage.matchAll(/^COPY (?:--from=build )?(?!--)(\S+) \S+$/gm)].map(([, from = '']) =>
    from.replace(/^\/app\//, ''),
  )
  const [, command = '[]'] = /^CMD (.*)$/m.exec(stage) ?? []
  return { copied, command: JSON.parse(command) as string[] }
}

/** As `npm ci --omit=dev` lays them out. */
function linkPackages(): void {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>
  }
  for (const [path, { dev }] of Object.entries(packages)) {
    // Nested ones come with whom they are nested in.
    if (path === '' || dev === true || path.lastIndexOf('node_modules/') > 0) continue
    mkdirSync(dirname(join(image, path)), { recursive: true })
    symlinkSync(join(ROOT, path), join(image, path))
  }
}

it('the image has all that the hub needs, and it ends on SIGTERM', async () => {
  const { webRoot } = await buildPages()
  const { copied, command } = lastStage()
  expect(copied).toEqual(expect.arrayContaining(['hub', 'cluster', 'dashboard/web/dist', 'package.json']))
  for (const path of copied)
    cpSync(path === 'dashboard/web/dist' ? webRoot : join(ROOT, path), join(image, path), { recursive: true })
  linkPackages()
  // Each role is loaded only when it is asked for.
  const roles = ['broker', 'ingest', 'dashboard'].map((role) => `await import('./hub/roles/${role}.ts')`).join(';')
  const loaded = spawnSync(process.execPath, ['--preserve-symlinks', '--input-type=module', '-e', roles], {
    cwd: image,
    encoding: 'utf8',
  })
  expect(loaded.status, loaded.stderr).toBe(0)
  // Commands that are run in it: each says what it lacks, rather than that a module is missing.
  for (const [script, code, says] of [
    ['migrate-store', 2, '--to cluster'],
    ['influx-setup', 1, 'ZHIAN_INFLUX_URL'],
    ['backup', 1, 'There is no ledger'],
    ['restore', 2, 'FILE'],
  ] as const) {
    const { status, stderr } = spawnSync(process.execPath, ['--preserve-symlinks', join('hub', `${script}.ts`)], {
      cwd: image,
      env: { PATH: process.env['PATH'], ZHIAN_DATA_DIR: join(image, 'nothing') },
      encoding: 'utf8',
    })
    expect(stderr).toContain(says)
    expect(status, script).toBe(code)
  }
  const port = await freePort()
  // As in the container, and with links left as they are: a package must not find its neighbours in the project itself.
  const hub = spawn(process.execPath, ['--preserve-symlinks', ...command.slice(1)], {
    cwd: image,
    env: {
      PATH: process.env['PATH'],
      ZHIAN_HTTP_PORT: String(port),
      ZHIAN_MQTT_PORT: String(await freePort()),
      ZHIAN_DATA_DIR: join(image, 'data'),
      ZHIAN_LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [hub.stdout, hub.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  try {
    const base = `http://127.0.0.1:${port}`
    await until(
      'it is ready',
      () => {
        if (hub.exitCode !== null) throw new Error(`it ended with ${hub.exitCode}:\n${output}`)
        return fetch(`${base}/readyz`).then(
          (answer) => answer.ok,
          () => false,
        )
      },
      60_000,
    )
    expect(await (await fetch(base)).text()).toContain('<script')
    hub.kill('SIGTERM')
    await once(hub, 'exit')
    expect(hub.exitCode, output).toBe(0)
  } finally {
    hub.kill('SIGKILL')
  }
}, 120_000)
