// The demonstration's small parts: its options, its ports, its words.
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { portsNear } from '../../hub/demo/addresses.ts'
import { parseDemoOptions } from '../../hub/demo/options.ts'
import { clock, welcome } from '../../hub/demo/words.ts'

describe('options', () => {
  it('have sensible defaults', () => {
    expect(parseDemoOptions([])).toEqual({ ok: true, options: { lan: false, small: false, speed: 1 } })
    expect(parseDemoOptions(['--lan', '--small', '--speed', '20'])).toEqual({
      ok: true,
      options: { lan: true, small: true, speed: 20 },
    })
  })

  it.each([
    [['--help'], null],
    [['--speed', '0'], '--speed 0'],
    [['--speed', 'fast'], '--speed fast'],
    [['--wan'], '--wan'],
  ])('refuse %j', (args, complaint) => {
    const parsed = parseDemoOptions(args)
    if (parsed.ok) throw new Error('taken')
    if (complaint === null) expect(parsed.complaint).toBeNull()
    else expect(parsed.complaint).toContain(complaint)
  })
})

describe('ports', () => {
  it('are the ones asked for, and others where somebody listens', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port: taken } = server.address() as AddressInfo
    const [first, second] = await portsNear([taken, taken], '127.0.0.1')
    expect(new Set([taken, first, second]).size).toBe(3)
    await new Promise((resolve) => server.close(resolve))
    expect(await portsNear([taken], '127.0.0.1')).toEqual([taken])
  })
})

describe('words', () => {
  const ready = {
    base: 'http://127.0.0.1:8080',
    mqttPort: 1883,
    password: 'zhian-demo',
    pid: 4711,
    devices: 1_753,
    seconds: 12,
    keys: true,
  }

  it('name the addresses in the local network only when it is open to it', () => {
    expect(welcome({ ...ready, lan: null })).toContain('npm run demo -- --lan')
    const open = welcome({ ...ready, lan: ['192.168.1.7'] })
    expect(open).toContain('http://192.168.1.7:8080')
    expect(open).not.toContain('--lan')
  })

  it('say the sentence with the pid, and tell keys only to who has a keyboard', () => {
    expect(welcome({ ...ready, lan: null })).toContain('now kill -9 the hub: pid 4711')
    expect(welcome({ ...ready, lan: null })).toContain('1 燃气泄漏')
    expect(welcome({ ...ready, lan: null, keys: false })).not.toContain('1 燃气泄漏')
  })

  it('tell times as minutes and seconds', () => {
    expect([0, 46, 570].map(clock)).toEqual([' 0:00', ' 0:46', ' 9:30'])
  })
})
