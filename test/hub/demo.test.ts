// The demonstration's small parts: its options, its ports, its words.
import { EventEmitter } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { portsNear } from '../../hub/demo/addresses.ts'
import { codeLines, codeOf } from '../../hub/demo/code.ts'
import { parseDemoOptions } from '../../hub/demo/options.ts'
import { Account, acknowledgementsOf, missingFrom, shownWithin, Witness } from '../../hub/demo/reckoning.ts'
import { answerOver, askOver } from '../../hub/demo/wire.ts'
import { clock, welcome } from '../../hub/demo/words.ts'
import { figuresOf } from '../dashboard/web/fake-figures.ts'

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
    const url = 'http://192.168.1.7:8080/#secret'
    const open = welcome({ ...ready, lan: [url] })
    expect(open).toContain(url)
    expect(open).toContain(codeLines(url).join('\n'))
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

describe('a code', () => {
  it('is a square with its quiet zone, the same for the page and the terminal', () => {
    const rows = codeOf('http://192.168.1.7:8080/#secret')
    for (const row of rows) expect(row).toMatch(new RegExp(`^0{4}[01]{${rows.length - 8}}0{4}$`))
    expect(rows.slice(0, 4).join('')).not.toContain('1')
    // The finder in its corner: seven dark modules round a light ring.
    expect(rows[4]?.slice(4, 12)).toBe('11111110')
    expect(rows[5]?.slice(4, 12)).toBe('10000010')
  })
})

describe('between the demonstration and its hub', () => {
  class End extends EventEmitter {
    connected = true
    other: End | null = null
    send(message: unknown): void {
      const sent: unknown = JSON.parse(JSON.stringify(message))
      setImmediate(() => this.other?.emit('message', sent))
    }
  }
  const ends = (): [End, End] => {
    const [one, other] = [new End(), new End()]
    one.other = other
    other.other = one
    return [one, other]
  }
  const door = { run: 'r', ready: false, accounts: [], password: null }

  it('questions are answered, each by its own answer, and refusals are told', async () => {
    const [hub, demonstration] = ends()
    const cues: string[] = []
    answerOver(demonstration, {
      door: async (onThisMachine) => ({ ...door, password: onThisMachine ? 'p' : null }),
      stage: () => Promise.reject(new Error('not now')),
      cue: async (cue) => void cues.push(cue),
    })
    const demo = askOver(hub)
    const [near, far] = await Promise.all([demo.door(true), demo.door(false)])
    expect([near.password, far.password]).toEqual(['p', null])
    await expect(demo.stage()).rejects.toThrow('not now')
    await demo.cue('misfit')
    expect(cues).toEqual(['misfit'])
  })

  it('a question that nobody hears is given up, and nothing that fits no shape is answered', async () => {
    const [hub, demonstration] = ends()
    await expect(askOver(hub, 20).stage()).rejects.toThrow('no answer in time')
    let asked = 0
    const count = () => Promise.reject(new Error(String(asked++)))
    answerOver(demonstration, { door: count, stage: count, cue: count })
    for (const message of [null, 'stage', { id: 1, ask: 'everything' }, { id: 1, ask: 'cue', cue: 'earthquake' }])
      demonstration.emit('message', message)
    expect(asked).toBe(0)
    hub.connected = false
    await expect(askOver(hub).door(true)).rejects.toThrow('gone')
  })
})

describe('the reckoning', () => {
  const point = (t: number, count: number) => ({ t, count, min: 0, mean: 0, max: 0, last: 0 })

  it('adds up what each start of the hub has counted', () => {
    const account = new Account()
    const figures = figuresOf(1, 1_000_000)
    const of = (startedAt: number, received: number) => ({
      ...figures,
      startedAt,
      received,
      stored: received - 1,
      rejected: 1,
    })
    account.read(of(1, 10))
    account.read(of(1, 30))
    account.read(of(2, 5))
    expect([account.sum('received'), account.sum('stored'), account.sum('rejected')]).toEqual([35, 33, 2])
    expect(account.shown.count).toBe(2 * figures.shown.count)
    expect(new Account().shown).toEqual({ count: 0, buckets: [] })
  })

  it('gives percentiles as the upper bound of their step', () => {
    const shown = {
      count: 100,
      buckets: [
        { le: 0.025, count: 60 },
        { le: 0.1, count: 39 },
        { le: null, count: 1 },
      ],
    }
    expect([0.5, 0.6, 0.99, 1].map((share) => shownWithin(shown, share))).toEqual([25, 25, 100, null])
    expect(shownWithin({ count: 0, buckets: shown.buckets.map(({ le }) => ({ le, count: 0 })) }, 0.5)).toBeNull()
  })

  it('tells how long acknowledging took, of what was acknowledged', () => {
    const alarm = (took: number | null) =>
      ({ raisedAt: 1_000, ack: took === null ? null : { at: 1_000 + took } }) as Parameters<
        typeof acknowledgementsOf
      >[0][number]
    expect(acknowledgementsOf([alarm(9_000), alarm(null), alarm(3_000), alarm(4_000)])).toEqual({
      count: 3,
      median: 4_000,
      longest: 9_000,
    })
    expect(acknowledgementsOf([])).toEqual({ count: 0, median: null, longest: null })
  })

  it('finds what was acknowledged and is not there, within its bucket', () => {
    expect(missingFrom([point(0, 2), point(10, 1)], [1, 3, 12])).toBe(0)
    expect(missingFrom([point(0, 2), point(10, 1)], [1, 3, 5, 12])).toBe(1)
    expect(missingFrom([point(0, 2)], [-1, 3])).toBe(1)
    expect(missingFrom([], [1])).toBe(1)
  })

  it('asks for what the devices know to be acknowledged, and for nothing else', async () => {
    const witness = new Witness(['a', 'b'])
    const say = (deviceId: string, ts: number[], ackedAt: number | null, channel: 'readings' | 'events' = 'readings') =>
      witness.note({ deviceId, channel, ts, sentAt: 0, ackedAt })
    say('a', [100, 100, 200], 210)
    say('a', [300], null)
    say('a', [400], 410, 'events')
    // An hour ahead: the hub puts it at its receipt.
    say('a', [3_600_500], 500)
    say('stranger', [100], 110)
    say('a', [5_000], 5_010)
    const asked: string[] = []
    const seen = await witness.check(0, 1_000, async (deviceId) => {
      asked.push(deviceId)
      return [point(100, 1)]
    })
    expect(seen).toEqual({ devices: 1, checked: 2, missing: 1 })
    expect(asked).toEqual(['a'])
  })
})
