// A start that cannot be: one sentence that says what to do, exit code 1, and nothing harmed.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VARIABLES } from '../../hub/config.ts'
import { Api } from '../support/api.ts'
import { ADMIN_PASSWORD, freePort, startHubProcess } from '../support/hub-process.ts'
import type { HubProcess } from '../support/hub-process.ts'
import { runHub } from '../support/run-hub.ts'
import { gasAlarm } from '../chaos/alarm-device.ts'
import { importDevices } from '../chaos/county.ts'
import { until } from '../support/hub-process.ts'

/** Text in both languages on one line. */
const ONE_SENTENCE = /^[^\n]*[\u4e00-\u9fff][^\n]*[A-Za-z]{3}[^\n]*\n$/

describe('a hub that must not start', () => {
  let hub: HubProcess
  let folder: string
  beforeAll(async () => {
    hub = await startHubProcess()
    folder = mkdtempSync(join(tmpdir(), 'zhian-start-'))
  })
  afterAll(async () => {
    await hub?.dispose()
    rmSync(folder, { recursive: true, force: true })
  })
  const ports = async (): Promise<Record<string, string>> => ({
    ZHIAN_HTTP_PORT: String(await freePort()),
    ZHIAN_MQTT_PORT: String(await freePort()),
    ZHIAN_MQTT_HOST: '127.0.0.1',
    ZHIAN_LOG_LEVEL: 'warn',
    ZHIAN_ADMIN_PASSWORD: ADMIN_PASSWORD,
  })

  it('G1: a second hub on the same data is refused, and the first goes on storing', async () => {
    const second = await runHub({ ...(await ports()), ZHIAN_DATA_DIR: join(hub.directory, 'data') })
    expect(second).toMatchObject({ code: 1, stdout: '' })
    expect(second.stderr).toMatch(ONE_SENTENCE)
    expect(second.stderr).toContain('ZHIAN_DATA_DIR')
    const api = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
    const [credential] = (await importDevices(api, [{ prefix: 'gas', kind: 'gas', count: 1 }])).get('gas') ?? []
    if (credential === undefined) throw new Error('no device')
    const device = gasAlarm(hub.mqttPort, credential)
    await until('the message is acknowledged', () => device.acknowledged)
    const { values } = await api.ok<{ values: unknown[] }>('GET', `/devices/${credential.username}/latest`)
    expect(values).toEqual([{ metric: 'gas_lel', value: 30, unit: '%LEL', ts: device.ts }])
  })

  it('G1: the reading store of a running hub cannot be opened by another process', async () => {
    const store = join(hub.directory, 'data', 'readings')
    const script = `
      const { createDuckdbStore } = await import('./ingest/readings/duckdb-store.ts')
      const { METRIC_COLUMNS } = await import('./hub/rules.ts')
      const store = createDuckdbStore({ directory: ${JSON.stringify(store)}, kinds: METRIC_COLUMNS })
      await store.start().then(() => process.exit(0), (error) => { process.stderr.write(error.name + ': ' + error.message + '\\n'); process.exit(1) })`
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const code = await new Promise((resolve) => child.once('close', resolve))
    expect(said).toMatch(/^StoreLockedError: /)
    expect(said).toContain(String(hub.pid))
    expect(code).toBe(1)
  })

  it.each([
    ['HTTP', 'ZHIAN_HTTP_PORT'],
    ['MQTT', 'ZHIAN_MQTT_PORT'],
  ])(
    'a taken %s port is one sentence that names the variable, and the data can be used at once after',
    async (_, name) => {
      const server = createServer().listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      const { port } = server.address() as AddressInfo
      const variables = { ...(await ports()), ZHIAN_DATA_DIR: join(folder, name), [name]: String(port) }
      const refused = await runHub(variables)
      const again = await runHub(variables)
      server.close()
      for (const { code, stdout, stderr } of [refused, again]) {
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
        expect(stderr).toMatch(ONE_SENTENCE)
        expect(stderr).toContain(String(port))
        expect(stderr).toContain(name)
      }
    },
  )

  it('a data directory that is a file is one sentence', async () => {
    const { code, stderr } = await runHub({
      ...(await ports()),
      ZHIAN_DATA_DIR: join(import.meta.dirname, 'start.test.ts'),
    })
    expect(code).toBe(1)
    expect(stderr).toMatch(ONE_SENTENCE)
  })

  it('wrong variables are told all at once, without the password', async () => {
    const { code, stdout, stderr } = await runHub({
      ZHIAN_HTTP_PORT: '99999',
      ZHIAN_MQTT_PORT: 'abc',
      ZHIAN_DEVICE_RATE: '-1',
      ZHIAN_ADMIN_PASSWORD: 'short',
      ZHIAN_LOG_LEVEL: 'loud',
      ZHIAN_TLS_CERT: '/nowhere/cert.pem',
      ZHIAN_HTPP_PORT: '8080',
      ZHIAN_DATA_DIR: join(folder, 'never'),
    })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    for (const name of [
      'ZHIAN_HTTP_PORT',
      'ZHIAN_MQTT_PORT',
      'ZHIAN_DEVICE_RATE',
      'ZHIAN_ADMIN_PASSWORD',
      'ZHIAN_LOG_LEVEL',
      'ZHIAN_TLS_CERT',
      'ZHIAN_HTPP_PORT',
    ])
      expect(stderr).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'))
    expect(stderr).not.toContain('short')
    expect(stderr.trim().split('\n')).toHaveLength(8)
  })

  it('an address this machine does not have is one sentence', async () => {
    // TEST-NET-1, reserved for documentation: nobody's.
    const { code, stderr } = await runHub({
      ...(await ports()),
      ZHIAN_HOST: '192.0.2.1',
      ZHIAN_DATA_DIR: join(folder, 'address'),
    })
    expect(code).toBe(1)
    expect(stderr).toMatch(ONE_SENTENCE)
    expect(stderr).toContain('ZHIAN_HOST')
  })

  it('files of a certificate that are none are told, and nothing is started', async () => {
    const file = join(import.meta.dirname, 'start.test.ts')
    const { code, stderr } = await runHub({
      ...(await ports()),
      ZHIAN_TLS_CERT: file,
      ZHIAN_TLS_KEY: file,
      ZHIAN_DATA_DIR: join(folder, 'tls'),
    })
    expect(code).toBe(1)
    expect(stderr).toContain('ZHIAN_TLS_CERT')
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  it('--help prints the table: every variable, its default, both languages', async () => {
    const { code, stdout, stderr } = await runHub({}, ['--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const [name, entry] of Object.entries(VARIABLES)) {
      const line = stdout.split('\n').find((text) => text.trim().startsWith(`${name} `))
      expect(line, name).toBeDefined()
      for (const part of [entry.default ?? '-', entry.about.zh, entry.about.en]) expect(line).toContain(part)
    }
  })
})
