// `npm run simulate`: its options, its files, how it registers devices, how it begins and ends.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDeviceSchema } from '../../contract/http/devices.ts'
import { createSiteSchema } from '../../contract/http/sites.ts'
import { HELP, parseOptions } from '../../simulators/options.ts'
import type { Options } from '../../simulators/options.ts'
import { Registry } from '../../simulators/registry.ts'
import { formatTokens, parseTokens } from '../../simulators/tokens-file.ts'
import { SIMULATED, town } from '../../simulators/town.ts'
import { startMosquitto } from '../load/mosquitto.ts'
import { freePort } from '../support/hub-process.ts'
import type { Mosquitto } from '../load/mosquitto.ts'

describe('options', () => {
  const complaints = (...args: string[]): readonly string[] => {
    const parsed = parseOptions(args, 0)
    return parsed.ok || parsed.help ? [] : parsed.complaints
  }
  const options = (...args: string[]): Options => {
    const parsed = parseOptions(['--devices-csv', 'x.csv', ...args], 1_000)
    if (!parsed.ok) throw new Error(JSON.stringify(parsed))
    return parsed.options
  }

  it('have sensible defaults', () => {
    expect(options()).toMatchObject({
      url: 'mqtt://127.0.0.1:1883',
      seed: 1,
      speed: 1,
      duration: null,
      historyHours: 0,
      faults: [],
      counts: { electricity: 6, gas: 2, smoke: 4, access: 2 },
    })
  })

  it('take what they are given', () => {
    const given = options(
      '--count',
      'gas=3, smoke=1',
      '--duration',
      '2m',
      '--fault',
      'leak@gas-001@30s',
      '--fault',
      'dies@gas-002@1m',
    )
    expect(given).toMatchObject({ counts: { gas: 3, smoke: 1 }, duration: 120 })
    expect(given.faults.map(({ deviceId, incident }) => [deviceId, incident.from])).toEqual([
      ['gas-001', 31_000],
      ['gas-002', 61_000],
    ])
  })

  it('complain about everything at once', () => {
    const said = complaints(
      '--speed',
      '0',
      '--url',
      'http://x',
      '--count',
      'camera=3',
      '--duration',
      'soon',
      '--fault',
      'leak',
    )
    expect(said).toHaveLength(6)
    for (const name of ['--speed 0', '--url http://x', '--count camera=3', '--duration soon', '--fault', '--api']) {
      expect(
        said.some((line) => line.includes(name)),
        name,
      ).toBe(true)
    }
    expect(complaints('--frobnicate')).toHaveLength(1)
  })

  it('explain every option and fault in both languages', () => {
    const parsed = parseOptions(['--help'], 0)
    expect(parsed.ok === false && parsed.help).toBe(true)
    for (const word of [
      '--url',
      '--devices-csv',
      '--api',
      '--count',
      '--seed',
      '--speed',
      '--duration',
      '--fault',
      '--history',
      '--oracle',
      '--record',
      '--replay',
      'creep',
      'malformed',
      '燃气泄漏',
    ]) {
      expect(HELP).toContain(word)
    }
  })
})

describe('token file', () => {
  it('is read as it is written', () => {
    const rows = [
      { id: 'el-1', kind: 'electricity', token: 'abc' },
      { id: 'gas-1', kind: 'gas', token: 'def' },
    ] as const
    expect(parseTokens(formatTokens(rows))).toEqual(rows)
  })

  it('takes columns in any order, quotes, a byte order mark, CRLF and empty lines', () => {
    const text = '\uFEFFtoken,name,kind,id\r\n"a,""b""","x\r\ny",gas,gas-1\r\n\r\nt2,z,smoke,smoke-1'
    expect(parseTokens(text)).toEqual([
      { id: 'gas-1', kind: 'gas', token: 'a,"b"' },
      { id: 'smoke-1', kind: 'smoke', token: 't2' },
    ])
  })

  it.each([
    ['', 'empty'],
    ['id,kind\nx,gas', 'no column "token"'],
    ['id,kind,token\nx,gas,t\ny z,gas,t', 'line 3'],
    ['id,kind,token\nx,camera,t', 'line 2'],
    ['id,kind,token\nx,gas,', 'line 2: no token'],
    ['id,kind,token\n"x\ny",gas,t', 'line 2'],
    ['id,kind,token\nx,gas,t\nx,gas,t', 'line 3: "x" appears twice'],
    ['id,kind,token\nx,gas,"t', 'line 2: a quote'],
  ])('refuses %j with its line', (text, sentence) => {
    expect(() => parseTokens(text)).toThrow(sentence)
  })
})

describe('town', () => {
  it('has so many devices a kind, with ids and names of their own', () => {
    const devices = town({ electricity: 7, gas: 2, access: 3 })
    expect(devices.map(({ kind }) => kind).toSorted()).toEqual([
      ...Array.from({ length: 3 }, () => 'access'),
      ...Array.from({ length: 7 }, () => 'electricity'),
      ...Array.from({ length: 2 }, () => 'gas'),
    ])
    for (const key of ['id', 'name'] as const) expect(new Set(devices.map((device) => device[key])).size).toBe(12)
    expect(devices[0]).toEqual({ id: 'el-001', kind: 'electricity', name: '槐荫 1 号 总进线', site: '槐荫 1 号' })
  })
})

/** The part of the HTTP API that registering needs, with the contract's own schemas at the door. */
class FakeHub {
  readonly devices = new Map<string, { name: string; siteId: string | null }>()
  readonly sites = new Map<string, { id: string; name: string; area: string[] }>()
  tokensMade = 0
  busy = 0
  readonly server: Server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const [status, answer, headers] = this.#answer(request, body)
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(answer))
    })
  })

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  #answer(request: IncomingMessage, body: unknown): [number, unknown, Record<string, string>?] {
    const error = (status: number, code: string): [number, unknown] => [
      status,
      { error: { code, message: `拒绝 ${code}` } },
    ]
    const url = new URL(request.url as string, this.url)
    const path = url.pathname.replace('/api/v1', '')
    const route = `${request.method} ${path}`
    if (route === 'POST /session') {
      const { username, password } = body as { username: string; password: string }
      if (username !== 'admin' || password !== 'good') return error(401, 'unauthorized')
      return [200, {}, { 'set-cookie': 'zhian=s3cret; Path=/; HttpOnly; SameSite=Lax' }]
    }
    if (request.headers.cookie !== 'zhian=s3cret') return error(401, 'unauthorized')
    if (this.busy-- > 0) return [...error(429, 'rate_limited'), { 'retry-after': '0' }]
    if (route === 'GET /sites') {
      // One a page, to see that all pages are read.
      const at = Number(url.searchParams.get('cursor') ?? 0)
      const all = [...this.sites.values()]
      return [
        200,
        { items: all.slice(at, at + 1), next: at + 1 < all.length ? String(at + 1) : null, total: all.length },
      ]
    }
    if (route === 'POST /sites') {
      const { name, area } = createSiteSchema.parse(body)
      const site = { id: `s${this.sites.size}`, name, area: area.split('/') }
      this.sites.set(name, site)
      return [201, site]
    }
    if (route === 'POST /devices') {
      const { id, name, siteId } = createDeviceSchema.parse(body)
      if (this.devices.has(id)) return error(409, 'exists')
      this.devices.set(id, { name, siteId: siteId ?? null })
      return [201, { id, token: `first-${id}` }]
    }
    const renewed = /^POST \/devices\/([^/]+)\/token$/.exec(route)?.[1]
    if (renewed !== undefined) return [200, { id: renewed, token: `again-${renewed}-${++this.tokensMade}` }]
    return error(404, 'not_found')
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text === '' ? null : JSON.parse(text)
}

describe('registering', () => {
  let hub: FakeHub
  beforeEach(async () => {
    hub = new FakeHub()
    await new Promise<void>((resolve) => hub.server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => void hub.server.close())
  const placed = town({ electricity: 4, gas: 2, smoke: 1, access: 1 }).map((device) => ({
    device,
    model: SIMULATED[device.kind](device.id, 1, []),
  }))

  it('creates sites and devices and receives their tokens', async () => {
    const registry = new Registry(`${hub.url}/`)
    await registry.signIn('admin', 'good')
    const tokens = await registry.register(placed)
    expect([...tokens.keys()].toSorted()).toEqual(placed.map(({ device }) => device.id).toSorted())
    expect(tokens.get('gas-002')).toBe('first-gas-002')
    expect(hub.sites.get('槐荫 1 号')?.area).toEqual(['示范县', '青禾街道', '槐荫社区'])
    expect(hub.devices.get('el-001')).toEqual({ name: '槐荫 1 号 总进线', siteId: hub.sites.get('槐荫 1 号')?.id })
  })

  it('a second time reuses sites and devices and takes new tokens', async () => {
    const registry = new Registry(hub.url)
    await registry.signIn('admin', 'good')
    await registry.register(placed)
    const sites = hub.sites.size
    const tokens = await registry.register(placed)
    expect(hub.sites.size).toBe(sites)
    expect(hub.tokensMade).toBe(placed.length)
    expect(tokens.get('gas-001')).toMatch(/^again-gas-001/)
  })

  it('waits when the hub is busy', async () => {
    const registry = new Registry(hub.url)
    await registry.signIn('admin', 'good')
    hub.busy = 1
    expect((await registry.register(placed.slice(0, 1))).size).toBe(1)
  })

  it('says in a sentence that it was refused, or that nobody is there', async () => {
    await expect(new Registry(hub.url).signIn('admin', 'bad')).rejects.toThrow('POST /session: 401 拒绝 unauthorized')
    const nobody = `http://127.0.0.1:${await freePort()}`
    await expect(new Registry(nobody).signIn('admin', 'good')).rejects.toThrow(/no hub answers at .*ECONNREFUSED/)
  })
})

describe('command', () => {
  let mosquitto: Mosquitto
  let folder: string
  beforeAll(async () => {
    mosquitto = await startMosquitto()
    folder = mkdtempSync(join(tmpdir(), 'zhian-simulate-'))
  })
  afterAll(async () => {
    await mosquitto.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  interface Run {
    readonly child: ChildProcess
    output: string
    readonly code: Promise<number | null>
  }
  const simulate = (args: readonly string[], env: Record<string, string> = {}): Run => {
    const child = spawn(process.execPath, [join(import.meta.dirname, '../../simulators/main.ts'), ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const run: Run = {
      child,
      output: '',
      code: new Promise((resolve) => child.once('exit', resolve)),
    }
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (run.output += chunk.toString()))
    return run
  }
  const url = (): string => `mqtt://127.0.0.1:${mosquitto.port}`

  it('runs from a token file, keeps an oracle, and ends cleanly when interrupted', async () => {
    const [csv, oracle] = [join(folder, 'tokens.csv'), join(folder, 'oracle.jsonl')]
    writeFileSync(csv, 'id,kind,token\nel-1,electricity,t\ngas-1,gas,t\n')
    const run = simulate([
      '--devices-csv',
      csv,
      '--url',
      url(),
      '--speed',
      '300',
      '--fault',
      'leak@gas-1@0',
      '--oracle',
      oracle,
    ])
    await expect.poll(() => readOr(oracle), { timeout: 20_000 }).toContain('"gas-1"')
    run.child.kill('SIGINT')
    expect(await run.code).toBe(0)
    expect(run.output).toMatch(/按 Ctrl\+C 结束/)
    const [, sent, acknowledged] =
      /sent (\d+) .*acknowledged (\d+)/.exec(run.output.trim().split('\n').at(-1) ?? '') ?? []
    expect(sent).toBe(acknowledged)
    const deliveries = readOr(oracle).trim().split('\n')
    expect(deliveries).toHaveLength(Number(sent))
    for (const line of deliveries) expect((JSON.parse(line) as { ackedAt: number }).ackedAt).toBeGreaterThan(0)
  })

  it('runs devices of the county from their tokens', async () => {
    const csv = join(folder, 'county.csv')
    writeFileSync(csv, 'id,kind,token\nel-0001,electricity,t\nsmoke-003-02,smoke,t\n')
    const args = ['--county', '--devices-csv', csv, '--url', url(), '--speed', '300', '--duration', '2s']
    const run = simulate([...args, '--fault', 'fire@smoke-003-02@0'])
    expect(await run.code).toBe(0)
    const [, sent] = /sent (\d+) /.exec(run.output.trim().split('\n').at(-1) ?? '') ?? []
    expect(Number(sent)).toBeGreaterThan(5)
  })

  it('registers with a hub, keeps the tokens for its owner alone, and stops when the time is up', async () => {
    const hub = new FakeHub()
    await new Promise<void>((resolve) => hub.server.listen(0, '127.0.0.1', resolve))
    const csv = join(folder, 'made.csv')
    const args = [
      '--api',
      hub.url,
      '--devices-csv',
      csv,
      '--count',
      'gas=2',
      '--url',
      url(),
      '--duration',
      '1s',
      '--history',
      '1',
    ]
    const run = simulate(args, { ZHIAN_PASSWORD: 'good' })
    expect(await run.code).toBe(0)
    hub.server.close()
    expect(parseTokens(readFileSync(csv, 'utf8')).map(({ token }) => token)).toEqual(['first-gas-001', 'first-gas-002'])
    expect(statSync(csv).mode & 0o077).toBe(0)
    expect(run.output).toContain('2 devices registered')
    expect(run.output).toContain('history delivered')
  })

  it.each([
    [['--devices-csv', '/nowhere.csv'], 1, 'cannot read /nowhere.csv'],
    [['--speed', '9999'], 2, '--help'],
    [['--api', 'http://127.0.0.1:1'], 1, 'ZHIAN_PASSWORD'],
  ])('says what is wrong with %j and exits with %d', async (args, code, sentence) => {
    const run = simulate(args, { ZHIAN_PASSWORD: '', ZHIAN_ADMIN_PASSWORD: '' })
    expect(await run.code).toBe(code)
    expect(run.output).toContain(sentence)
    expect(run.output).not.toContain('    at ')
  })

  it('says that no broker answers, and which fault fits no device', async () => {
    const csv = join(folder, 'one.csv')
    writeFileSync(csv, 'id,kind,token\ngas-1,gas,t\n')
    const unreachable = simulate(['--devices-csv', csv, '--url', `mqtt://127.0.0.1:${await freePort()}`])
    expect(await unreachable.code).toBe(1)
    expect(unreachable.output).toMatch(/cannot connect to mqtt:.*ECONNREFUSED/)
    const misfit = simulate([
      '--devices-csv',
      csv,
      '--url',
      url(),
      '--fault',
      'creep@gas-1@1s',
      '--fault',
      'dies@el-9@1s',
    ])
    expect(await misfit.code).toBe(1)
    expect(misfit.output).toContain('only for electricity')
    expect(misfit.output).toContain('no device "el-9"')
  })
})

const readOr = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
