// `npm run demo` as a newcomer starts it, with the small county at speed: accounts that work, the story's first alarms in
// the right scopes, a hub that is back after `kill -9` with its open alarms, an end that leaves nothing behind.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Alarm } from '../../contract/alarms.ts'
import type { Page } from '../../contract/http/common.ts'
import type { Device, Series } from '../../contract/http/devices.ts'
import { Api } from '../support/api.ts'
import { freePort, ROOT, until } from '../support/hub-process.ts'

const PASSWORD = 'zhian-demo'
/** The page may have to be built first. */
const START_LIMIT_MS = 180_000

describe('npm run demo', () => {
  let temporary: string
  let demo: ChildProcess
  let output = ''
  let ports: [http: number, mqtt: number] = [0, 0]
  let base = ''
  let admin: Api

  const start = (): ChildProcess => {
    const child = spawn(process.execPath, [join(ROOT, 'hub', 'demo.ts'), '--small', '--speed', '20'], {
      cwd: ROOT,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        TMPDIR: temporary,
        ZHIAN_HTTP_PORT: String(ports[0]),
        ZHIAN_MQTT_PORT: String(ports[1]),
      },
    })
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    return child
  }
  const hubPids = (): number[] => [...output.matchAll(/kill -9 the hub: pid (\d+)/g)].map(([, pid]) => Number(pid))
  const gasRow = async (api: Api): Promise<Alarm | undefined> => {
    const { items } = await api.ok<Page<Alarm>>('GET', '/alarms?open=true&limit=200')
    return items.find(({ deviceName, signal }) => deviceName === '槐荫 12 号 共用厨房' && signal === 'gas_lel')
  }
  /** Its data folders; Node keeps compiled code beside them. */
  const dataLeft = (): string[] => readdirSync(temporary).filter((name) => name.startsWith('zhian-demo-'))
  const isAlive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }

  beforeAll(async () => {
    temporary = mkdtempSync(join(tmpdir(), 'zhian-demo-test-'))
    ports = [await freePort(), await freePort()]
    demo = start()
    await until(
      'the demonstration is ready',
      () => {
        if (demo.exitCode !== null) throw new Error(`it ended with ${demo.exitCode}:\n${output}`)
        return hubPids().length > 0
      },
      START_LIMIT_MS,
    )
    base = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0] ?? ''
    admin = await Api.signIn(base, 'admin', PASSWORD)
  }, START_LIMIT_MS + 10_000)

  afterAll(() => {
    if (demo.exitCode === null && demo.signalCode === null) demo.kill('SIGTERM')
    for (const pid of hubPids()) if (isAlive(pid)) process.kill(pid, 'SIGTERM')
    rmSync(temporary, { recursive: true, force: true, maxRetries: 20, retryDelay: 500 })
  })

  it('says where to look, who may sign in, how to end it, and what it leaves out', () => {
    expect(base).not.toBe('')
    for (const words of ['周晓岚', '王大姐', '老郑', 'admin', PASSWORD, '按 q 结束', '-- --lan', '演示数据'])
      expect(output).toContain(words)
  })

  it('has a day of history at the start, of five-minute points', async () => {
    const { items } = await admin.ok<Page<Device>>('GET', '/devices?limit=500')
    const meter = items.find(({ name }) => name === '槐荫 4 号 总进线')
    expect(meter).toMatchObject({ lifecycle: 'in_service' })
    const to = Date.now()
    const { points } = await admin.ok<Series>(
      'GET',
      `/devices/${meter?.id}/readings?metric=power&from=${to - 86_400_000}&to=${to}&points=500`,
    )
    const samples = points.reduce((sum, { count }) => sum + count, 0)
    expect(samples).toBeGreaterThan(280)
    expect(Math.min(...points.map(({ t }) => t))).toBeLessThan(to - 23 * 3_600_000)
    expect(items.filter(({ lifecycle }) => lifecycle === 'registered').map(({ id }) => id)).toEqual(['gas-104'])
  })

  it('raises the first alarms of the story, each manager seeing their own', async () => {
    const row = await until('gas rises to its high limit', async () => {
      const found = await gasRow(admin)
      return found?.priority === 1 ? found : null
    })
    expect(row.place.at(-1)).toBe('槐荫 12 号')
    const [wang, zheng] = [await Api.signIn(base, 'wang', PASSWORD), await Api.signIn(base, 'zheng', PASSWORD)]
    expect((await gasRow(wang))?.id).toBe(row.id)
    expect(await gasRow(zheng)).toBeUndefined()
    expect(output).toContain('燃气低限')
  })

  it('G2: comes back after kill -9 with the same row open, acknowledged by the same name', async () => {
    const duty = await Api.signIn(base, 'zhou', PASSWORD)
    const row = await until('the gas row is there', () => gasRow(duty))
    await until('nobody else moved the row meanwhile', async () => {
      const { seq } = (await gasRow(duty)) ?? row
      return (await duty.call('POST', `/alarms/${row.id}/ack`, { seq, reason: 'seen' })).status < 300
    })
    const [pid = 0] = hubPids()
    process.kill(pid, 'SIGKILL')
    await until('the hub is up again', () => hubPids().length > 1, 60_000)
    expect(hubPids()[1]).not.toBe(pid)
    expect(await gasRow(duty)).toMatchObject({ id: row.id, ack: { by: { name: '周晓岚' } } })
    // The devices find back by themselves.
    await until('every device is connected again', async () => {
      const { total } = await admin.ok<Page<Device>>('GET', '/devices?limit=1&online=true')
      const all = await admin.ok<Page<Device>>('GET', '/devices?limit=1')
      return total === all.total - 1
    })
  })

  it('makes a scene happen on a key', async () => {
    demo.stdin?.write('1')
    await until('gas leaks where the visitor wanted it', async () => {
      const { items } = await admin.ok<Page<Alarm>>('GET', '/alarms?open=true&priority=1&limit=200')
      return items.some(({ deviceName }) => deviceName === '槐荫 2 号 共用厨房')
    })
  })

  it('ends on q, and leaves nothing behind', async () => {
    demo.stdin?.write('q')
    await until('it has ended', () => demo.exitCode !== null, 30_000)
    expect(demo.exitCode).toBe(0)
    expect(hubPids().filter(isAlive)).toEqual([])
    expect(dataLeft()).toEqual([])
  })

  it.each([
    ['SIGTERM', 'is ready', /kill -9 the hub/],
    ['SIGINT', 'is still preparing', /正在准备/],
  ] as const)('ends as cleanly on %s when it %s', async (signal, _when, said) => {
    output = ''
    demo = start()
    await until('it has come so far', () => said.test(output), START_LIMIT_MS)
    demo.kill(signal)
    await until('it has ended', () => demo.exitCode !== null, 30_000)
    expect(demo.exitCode).toBe(0)
    expect(hubPids().filter(isAlive)).toEqual([])
    expect(dataLeft()).toEqual([])
  })
})
