// What a stream holds is decided as a hub in one process decides it, once, however often whoever decides it is replaced.
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Act } from '../../contract/alarms.ts'
import { KIND_NAMES } from '../../contract/kinds/kind.ts'
import type { KindName } from '../../contract/kinds/kind.ts'
import { defaultRulesFor } from '../../contract/kinds/table.ts'
import { Devices } from '../../ingest/devices.ts'
import { Pipeline } from '../../ingest/pipeline.ts'
import type { PipelineListener } from '../../ingest/ports.ts'
import { connect, MemoryJournal, MemoryReadings } from '../support/memory-stores.ts'

const START = 1_795_000_000_000
const DEVICES = [
  ['gas', 's1'],
  ['electricity', 's1'],
  ['smoke', 's1'],
  ['gas', null],
] as const

/** What stands in the stream, and when it was received. */
type Entry = { readonly at: number } & (
  | {
      readonly type: 'message'
      readonly device: number
      readonly channel: 'readings' | 'events'
      readonly body: unknown
    }
  | { readonly type: 'connection'; readonly device: number; readonly connected: boolean }
  | { readonly type: 'ack'; readonly device: number }
)

const LISTENER: PipelineListener = {
  transitions: () => undefined,
  stored: () => undefined,
  presence: () => undefined,
  rejected: () => undefined,
  inService: () => undefined,
  storing: () => undefined,
}

function devicesAt(now: number): Devices {
  const devices = new Devices((kind) =>
    (KIND_NAMES as readonly string[]).includes(kind)
      ? defaultRulesFor(kind as KindName).map((rule) => ({ ...rule, kind: kind as KindName, version: 1 }))
      : [],
  )
  for (const [index, [kind, siteId]] of DEVICES.entries())
    devices.put(
      {
        uid: `uid${index}`,
        deviceId: `d${index}`,
        kind,
        attributes: {},
        lifecycle: 'in_service',
        gatewayId: null,
        inServiceSince: null,
      },
      { deviceName: `设备 ${index}`, siteId, areaIds: ['a1'], place: ['示范县'] },
      now,
    )
  return devices
}

const ackOf = (alarmId: string): Act => ({
  ...{
    name: 'ack',
    level: 'county',
    alarmId,
    seq: null,
    by: { id: 'u1', name: '周晓岚' },
    reason: null,
    comment: null,
  },
})

const messageOf = (entry: Extract<Entry, { type: 'message' }>) => ({
  deviceId: `d${entry.device}`,
  channel: entry.channel,
  payload: Buffer.from(JSON.stringify(entry.body)),
  qos: 1 as const,
  receivedAt: entry.at,
  will: false,
})

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const idle = async (): Promise<void> => {
  for (let i = 0; i < 12; i++) await turn()
}

const newestOpen = (journal: MemoryJournal, device: number): string =>
  journal.committed.findLast(({ transition }) => transition.alarm.deviceId === `d${device}`)?.transition.alarm.id ??
  'none-1'

const toldBy = ({ committed }: MemoryJournal): string[][] =>
  DEVICES.map((_, device) =>
    committed.flatMap(({ transition: { alarm, type, reason, sampleTs } }) =>
      alarm.deviceId === `d${device}`
        ? [`${type} ${reason} ${alarm.id} ${alarm.priority} ${sampleTs} ${alarm.occurrences}`]
        : [],
    ),
  )

/** The hub in one process takes all of it, without a break. */
async function inOneProcess(entries: readonly Entry[]): Promise<{ told: string[][]; counts: object }> {
  const [readings, journal] = [new MemoryReadings(), new MemoryJournal()]
  let now = START
  const devices = devicesAt(now)
  const pipeline = new Pipeline({
    clock: { now: () => now, wall: () => now },
    devices,
    readings,
    journal,
    listener: LISTENER,
  })
  await pipeline.start(0)
  await idle()
  for (const entry of entries) {
    now = entry.at
    if (entry.type === 'message') pipeline.accept(messageOf(entry), () => undefined)
    else if (entry.type === 'connection') pipeline.presence(`d${entry.device}`, entry.connected, entry.at)
    else await pipeline.submit(ackOf(newestOpen(journal, entry.device)), '10.0.0.7')
    await idle()
  }
  const { messages, received, stored, rejected } = pipeline.counters.snapshot()
  await pipeline.stop()
  return { told: toldBy(journal), counts: { messages, received, stored, rejected } }
}

type Break = 'none' | 'crash' | 'crash_at_once' | 'hand_over' | 'commit_fails'

/** One owner after the other reads the stream from where the ledger says. `breaks[i]` comes behind entry i. */
async function fromStream(
  entries: readonly Entry[],
  breaks: readonly Break[],
): Promise<{ told: string[][]; answers: Map<string, string> }> {
  const ledger = new MemoryJournal()
  const answers = new Map<string, string>()
  const append = ledger.append.bind(ledger)
  ledger.append = async (batch) => {
    const written = await append(batch)
    for (const { requestId, body } of batch.answers ?? []) {
      expect(answers.has(requestId), `${requestId} is answered once`).toBe(false)
      answers.set(requestId, body(written.committed))
    }
    return written
  }
  let now = START
  let lost = false
  const open = async () => {
    lost = false
    const { store, cut } = connect(ledger)
    const pipeline = new Pipeline({
      clock: { now: () => now, wall: () => now },
      devices: devicesAt(START),
      readings: new MemoryReadings(),
      journal: store,
      listener: LISTENER,
      lost: () => (lost = true),
    })
    await pipeline.start(0)
    return { pipeline, cut, read: ledger.checkpoint }
  }
  let owner = await open()
  /** Reads on; from the ledger's mark, where a commit failed meanwhile. */
  const readUpTo = async (upTo: number): Promise<void> => {
    while (owner.read < upTo) {
      const position = owner.read + 1
      const entry = entries[position - 1] as Entry
      now = entry.at
      const deviceId = `d${entry.device}`
      if (entry.type === 'message') owner.pipeline.accept({ ...messageOf(entry), position }, () => undefined)
      else if (entry.type === 'connection')
        owner.pipeline.inputAt(deviceId, position, { type: 'connection', connected: entry.connected }, entry.at)
      else {
        const act = ackOf(newestOpen(ledger, entry.device))
        const request = { deviceId, position, requestId: `r${position}` }
        await owner.pipeline
          .requested(act, '10.0.0.7', request, (outcome) => JSON.stringify(outcome.ok))
          .catch(() => undefined)
      }
      owner.read = position
      // What stands behind an act was said when its transition had been seen.
      if (position < upTo || entry.type === 'ack' || breaks[upTo - 1] !== 'crash_at_once') await idle()
      if (lost) owner = await open()
    }
  }
  for (let upTo = 1; upTo <= entries.length; upTo++) {
    await readUpTo(upTo)
    switch (breaks[upTo - 1]) {
      case 'crash':
      case 'crash_at_once':
        owner.cut()
        owner.pipeline.abandon(new Error('gone'))
        owner = await open()
        break
      case 'hand_over':
        ledger.failOnce = false
        await owner.pipeline.stop()
        expect(ledger.checkpoint).toBe(owner.read)
        owner = await open()
        break
      case 'commit_fails':
        ledger.failOnce = true
    }
  }
  ledger.failOnce = false
  await idle()
  if (lost) owner = await open()
  await readUpTo(entries.length)
  await owner.pipeline.stop()
  return { told: toldBy(ledger), answers }
}

const seconds = fc.integer({ min: 1, max: 3 })
const entry = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('message' as const),
      device: fc.constantFrom(0, 3),
      channel: fc.constant('readings' as const),
      body: fc.oneof(
        fc.constantFrom(3, 3, 12, 26, 60, 'x', 400).map((gas_lel) => ({ values: { gas_lel } })),
        fc
          .array(fc.constantFrom(3, 26, 60), { minLength: 2, maxLength: 3 })
          .map((list) => list.map((gas_lel) => ({ values: { gas_lel } }))),
        fc.constantFrom([], 7, { values: {} }),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('message' as const),
      device: fc.constantFrom(1, 2),
      channel: fc.constant('events' as const),
      body: fc.constantFrom({ event: 'arc_fault' }, { event: 'smoke_alarm' }, { event: 'unknown' }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('connection' as const),
      device: fc.nat({ max: 3 }),
      connected: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('ack' as const), device: fc.nat({ max: 3 }) }) },
)
const script = fc.array(
  fc.tuple(
    entry,
    seconds,
    fc.constantFrom<Break>('none', 'none', 'none', 'crash', 'crash_at_once', 'hand_over', 'commit_fails'),
  ),
  { minLength: 1, maxLength: 25 },
)

describe('a pipeline that reads a stream', () => {
  // Timers never come due here; the ticker has tests of its own.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] }))
  afterEach(() => void vi.useRealTimers())

  it('G1: decides what a hub in one process decides, whoever is replaced when', async () => {
    await fc.assert(
      fc.asyncProperty(script, async (steps) => {
        let at = START
        const entries = steps.map(([one, pause]): Entry => ({ ...one, at: (at += pause * 1_000) }))
        const whole = await inOneProcess(entries)
        const { told, answers } = await fromStream(
          entries,
          steps.map(([, , broken]) => broken),
        )
        expect(told).toEqual(whole.told)
        const asked = entries.flatMap(({ type }, index) => (type === 'ack' ? [`r${index + 1}`] : []))
        expect([...answers.keys()].toSorted()).toEqual(asked.toSorted())
      }),
      { numRuns: 60 },
    )
  }, 120_000)

  it('what cannot be decided ends it, and nothing else: whoever reads the stream begins anew', async () => {
    const causes: Error[] = []
    const devices = devicesAt(START)
    const pipeline = new Pipeline({
      clock: { now: () => START, wall: () => START },
      devices,
      readings: new MemoryReadings(),
      journal: new MemoryJournal(),
      listener: LISTENER,
      lost: (cause) => causes.push(cause),
    })
    await pipeline.start(0)
    const [runtime] = devices.all()
    if (runtime === undefined) throw new Error('there is no device')
    pipeline.input(runtime, undefined as never)
    pipeline.input(runtime, undefined as never)
    expect(causes).toHaveLength(1)
    const refused = await new Promise<Error | undefined>((done) => {
      pipeline.accept(
        { ...messageOf({ type: 'message', device: 0, channel: 'readings', body: {}, at: START }), position: 1 },
        done,
      )
    })
    expect(refused?.name).toBe('StorageUnavailable')
  })
})
