// A recorded session: written and read, its times retold, played again over MQTT at speed, message for message.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { connectAsync } from 'mqtt'
import type { MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TOPIC_ROOT, upTopic } from '../../contract/topics.ts'
import { parseOptions } from '../../simulators/options.ts'
import { headerLine, messageLine, parseHeader, parseMessage, retell, retold } from '../../simulators/session-file.ts'
import { startMosquitto } from '../load/mosquitto.ts'
import type { Mosquitto } from '../load/mosquitto.ts'

const DEVICE = {
  id: 'el-1',
  kind: 'electricity',
  name: '总进线',
  site: '槐荫 1 号',
  attributes: { phases: 3 },
} as const
const TOPIC = upTopic('el-1', 'readings')

describe('a session file', () => {
  it('is read as it is written, whatever the payload is', () => {
    expect(parseHeader(headerLine({ began: 1_000, devices: [DEVICE] }))).toEqual({ began: 1_000, devices: [DEVICE] })
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array()), fc.nat(), (payload, at) => {
        // Half a surrogate is no text that could be sent.
        fc.pre(typeof payload !== 'string' || payload.isWellFormed())
        const line = messageLine(at, { channel: 'readings', topic: TOPIC, payload, qos: 1, samples: [] })
        expect(line).not.toContain('\n')
        const read = parseMessage(line, 2)
        expect(read).toMatchObject({ at, deviceId: 'el-1', channel: 'readings', topic: TOPIC, qos: 1 })
        expect(Buffer.from(read.payload)).toEqual(Buffer.from(payload))
      }),
    )
  })

  it.each(['', 'null', '{"format":"zhian-session-1"}', headerLine({ began: 0, devices: [] }).replace('-1"', '-2"')])(
    'refuses %j as its beginning',
    (line) => expect(() => parseHeader(line)).toThrow('line 1'),
  )

  it.each([
    '{"at":1,"topic":"zhian/v1/el-1/readings","qos":2,"payload":""}',
    '{"at":1,"topic":"zhian/v1/el-1/else","qos":1,"payload":""}',
    '{"at":"1","topic":"zhian/v1/el-1/readings","qos":1,"payload":""}',
    '{"at":1,"topic":"zhian/v1/el-1/readings","qos":1}',
    '{"at":1,"topic":"zhi',
  ])('refuses %j as a message, by its line', (line) => {
    expect(() => parseMessage(line, 7)).toThrow('line 7')
  })

  it('refuses a device that cannot be simulated', () => {
    const line = headerLine({ began: 0, devices: [DEVICE] }).replace('"electricity"', '"weather"')
    expect(() => parseHeader(line)).toThrow('"el-1"')
  })
})

describe('times retold', () => {
  const retelling = { began: 1_000_000, beginsNow: 9_000_000, speed: 60 }

  it('shrink with the session; before it and ahead they keep their distance', () => {
    // Sent a minute into the session, measured then, 30 s earlier, a day before the session, an hour ahead.
    expect(retold(1_060_000, 60_000, retelling)).toBe(9_001_000)
    expect(retold(1_030_000, 60_000, retelling)).toBe(9_000_500)
    expect(retold(1_000_000 - 86_400_000, 60_000, retelling)).toBe(9_000_000 - 86_400_000)
    expect(retold(1_060_000 + 3_600_000, 60_000, retelling)).toBe(9_001_000 + 3_600_000)
  })

  it('at its own speed a session is only moved', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.nat(1e8), (ts, at) => {
        const moved = retold(1_000_000 + ts, at, { ...retelling, speed: 1 })
        expect(moved).toBe(9_000_000 + ts)
      }),
    )
  })

  it('are all that changes in a payload, in arrays and in what is no JSON too', () => {
    const told = (payload: string) => retell(payload, 60_000, retelling)
    expect(told('{"ts":1060000,"values":{"power":1.50}}')).toBe('{"ts":9001000,"values":{"power":1.50}}')
    expect(told('[{"ts": 1060000},{"ts":1030000}]')).toBe('[{"ts": 9001000},{"ts":9000500}]')
    expect(told('{"ts":1060000,"values":{"pow')).toBe('{"ts":9001000,"values":{"pow')
    for (const untouched of ['', '{"ts":"1060000"}', '{"ts":1e6}', '{"time":1060000}', '{"event":"door"}'])
      expect(told(untouched)).toBe(untouched)
    const bytes = Buffer.from([0xff, 0x22])
    expect(retell(bytes, 0, retelling)).toBe(bytes)
  })
})

describe('options', () => {
  it('refuse to make something happen in what was recorded', () => {
    const parsed = parseOptions(
      [
        '--replay',
        's.jsonl',
        '--devices-csv',
        'x.csv',
        '--county',
        '--fault',
        'dies@a@1s',
        '--history',
        '2',
        '--record',
        'y',
      ],
      0,
    )
    if (parsed.ok || parsed.help) throw new Error('taken')
    for (const name of ['--county', '--fault', '--history', '--record'])
      expect(parsed.complaints.some((line) => line.endsWith(name))).toBe(true)
  })
})

describe('record and replay', () => {
  let mosquitto: Mosquitto
  let folder: string
  let listener: MqttClient
  const heard: { topic: string; payload: string }[] = []

  beforeAll(async () => {
    mosquitto = await startMosquitto()
    folder = mkdtempSync(join(tmpdir(), 'zhian-replay-'))
    listener = await connectAsync(`mqtt://127.0.0.1:${mosquitto.port}`)
    listener.on('message', (topic, payload) => {
      if (!topic.endsWith('/status')) heard.push({ topic, payload: payload.toString('latin1') })
    })
    await listener.subscribeAsync(`${TOPIC_ROOT}/#`, { qos: 1 })
  })
  afterAll(async () => {
    await listener.endAsync()
    await mosquitto.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const simulate = async (args: readonly string[]): Promise<{ code: number | null; output: string }> => {
    const main = join(import.meta.dirname, '../../simulators/main.ts')
    const child = spawn(process.execPath, [main, '--url', `mqtt://127.0.0.1:${mosquitto.port}`, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += String(chunk)))
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
    return { code, output }
  }
  const withoutTimes = ({ topic, payload }: (typeof heard)[number]): string =>
    `${topic} ${payload.replace(/("ts"\s*:\s*)\d+/g, '$1')}`
  /** In one device's order; devices overtake each other. */
  const byDevice = (list: readonly (typeof heard)[number][]) =>
    Map.groupBy(list.map(withoutTimes), (line) => line.split(' ')[0])

  it('plays the same messages again, each device in its order, at present times', async () => {
    const [csv, session] = [join(folder, 'tokens.csv'), join(folder, 'session.jsonl')]
    writeFileSync(csv, 'id,kind,token\nel-1,electricity,t\ngas-1,gas,t\n')
    const faults = ['--fault', 'malformed@gas-1@40s+60s', '--fault', 'leak@gas-1@5m']
    const recorded = await simulate([
      ...['--devices-csv', csv, '--record', session, '--speed', '300', '--duration', '3s'],
      ...faults,
    ])
    expect([recorded.code, recorded.output]).toEqual([0, expect.stringContaining('acknowledged')])
    const first = heard.splice(0)
    expect(first.length).toBeGreaterThan(20)
    const lines = readFileSync(session, 'utf8').trim().split('\n')
    expect(parseHeader(lines[0] as string).devices.map(({ id }) => id)).toEqual(['el-1', 'gas-1'])
    expect(lines).toHaveLength(first.length + 1)

    const before = Date.now()
    const replayed = await simulate(['--devices-csv', csv, '--replay', session, '--speed', '20'])
    expect([replayed.code, replayed.output]).toEqual([0, expect.stringContaining(`sent ${first.length}`)])
    const again = heard.splice(0)
    expect(byDevice(again)).toEqual(byDevice(first))
    const times = again.flatMap(({ payload }) => [...payload.matchAll(/"ts":(\d+)/g)].map(([, ts]) => Number(ts)))
    expect(times.length).toBeGreaterThan(20)
    for (const ts of times) expect(ts).toBeGreaterThan(before - 60_000)
  })

  it('says what it cannot replay', async () => {
    const csv = join(folder, 'one.csv')
    writeFileSync(csv, 'id,kind,token\nel-1,electricity,t\n')
    const replay = (path: string) => simulate(['--devices-csv', csv, '--replay', path])
    const missing = await replay(join(folder, 'nowhere.jsonl'))
    expect([missing.code, missing.output]).toEqual([1, expect.stringContaining('cannot replay')])
    const foreign = join(folder, 'foreign.jsonl')
    writeFileSync(foreign, 'hello\n')
    const wrong = await replay(foreign)
    expect([wrong.code, wrong.output]).toEqual([1, expect.stringContaining('line 1')])
    const torn = join(folder, 'torn.jsonl')
    writeFileSync(torn, `${headerLine({ began: 1, devices: [DEVICE] })}\n{"at":1,"to`)
    const cut = await replay(torn)
    expect([cut.code, cut.output]).toEqual([1, expect.stringContaining('line 2')])
    expect(cut.output).not.toContain('    at ')
  })
})
