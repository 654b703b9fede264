// What the broker may expect of an intake, tried on both: the pipeline of a hub in one process, and the streams of a cluster.
import { afterEach, describe, expect, it } from 'vitest'
import type { Intake } from '../../broker/ports.ts'
import { Backlog, DEFAULT_BOUNDS } from '../../cluster/streams/backlog.ts'
import { StreamIntake } from '../../cluster/streams/stream-intake.ts'
import { readAfter } from '../../cluster/streams/stream-reader.ts'
import { partitionOf } from '../../contract/partitions.ts'
import { Devices } from '../../ingest/devices.ts'
import { Pipeline } from '../../ingest/pipeline.ts'
import { until } from '../support/hub-process.ts'
import { MemoryJournal, MemoryReadings } from '../support/memory-stores.ts'
import { REDIS_MISSING, startRedis } from '../support/services/redis.ts'
import { message, StreamWorld } from './stream-world.ts'

interface Tried {
  readonly intake: Intake
  /** The value of each message of `d1` that is safe, in order. */
  stored(): Promise<number[]>
  /** What is behind it fails from now on; works again. */
  fail(): Promise<void>
  mend(): Promise<void>
  stop(): Promise<void>
}

async function pipeline(): Promise<Tried> {
  const devices = new Devices(() => [])
  for (const deviceId of ['d1', 'd2', 'd3'])
    devices.put(
      {
        uid: deviceId,
        deviceId,
        kind: 'gas',
        attributes: {},
        lifecycle: 'in_service',
        gatewayId: null,
        inServiceSince: null,
      },
      { deviceName: deviceId, siteId: null, areaIds: [], place: [] },
      Date.now(),
    )
  const readings = new MemoryReadings()
  let healthy = true
  const made = new Pipeline({
    clock: { now: Date.now, wall: Date.now },
    devices,
    readings,
    journal: new MemoryJournal(),
    listener: {
      transitions: () => undefined,
      stored: () => undefined,
      presence: () => undefined,
      rejected: () => undefined,
      inService: () => undefined,
      storing: (problem) => void (healthy = problem === null),
    },
  })
  await made.start(0)
  return {
    intake: made,
    stored: () =>
      Promise.resolve(
        readings.rows.flatMap((row) =>
          row.type === 'reading' && row.deviceId === 'd1' ? [row.values['gas_lel'] ?? NaN] : [],
        ),
      ),
    fail: () => Promise.resolve(void (readings.failing = 'before')),
    async mend() {
      readings.failing = null
      await until('it has read its memory back', () => healthy)
    },
    stop: () => made.stop(),
  }
}

async function streams(): Promise<Tried> {
  const server = await startRedis()
  const world = new StreamWorld(server)
  const writer = await world.writer()
  const intake = new StreamIntake({
    writer,
    backlog: new Backlog(await world.plain(), DEFAULT_BOUNDS, () => undefined),
    node: 'b0',
  })
  return {
    intake,
    async stored() {
      const batch = await readAfter(await world.plain(), partitionOf('d1'), 0, { count: 10_000, wall: 0 })
      return batch.entries.flatMap(({ entry }) => {
        if (entry.type !== 'message' || entry.deviceId !== 'd1') return []
        const { values } = JSON.parse(Buffer.from(entry.payload).toString()) as {
          values: { gas_lel: number }
        }
        return [values.gas_lel]
      })
    },
    fail: () => server.kill(),
    async mend() {
      await server.restart()
      await until('it adds again', () => writer.problem === null)
    },
    async stop() {
      intake.stop()
      await writer.stop()
      await world.close()
      await server.dispose()
    },
  }
}

const reading = (value: number): string => JSON.stringify({ values: { gas_lel: value } })

describe.each([
  { name: 'the pipeline', open: pipeline, skipped: false },
  { name: 'the streams', open: streams, skipped: REDIS_MISSING },
])('an intake: $name', ({ open, skipped }) => {
  let tried: Tried | null = null
  afterEach(async () => {
    await tried?.stop()
    tried = null
  }, 60_000)

  it.skipIf(skipped)(
    'G1: calls back once for each, in the order of one publisher, when it is safe',
    async () => {
      tried = await open()
      const done: string[] = []
      for (let i = 0; i < 300; i++) {
        const deviceId = `d${1 + (i % 3)}`
        const sent = message(deviceId, reading(i % 100), { publisherId: 'gateway', qos: i % 10 === 0 ? 0 : 1 })
        tried.intake.accept(sent, (error) => done.push(error?.message ?? String(i)))
      }
      await until('all are called back', () => done.length >= 300)
      expect(done).toEqual(Array.from({ length: 300 }, (_, i) => String(i)))
      const expected = Array.from({ length: 100 }, (_, i) => (i * 3) % 100)
      expect(await tried.stored()).toEqual(expected)
    },
    60_000,
  )

  it.skipIf(skipped)(
    'uses the payload no longer than until it calls back',
    async () => {
      tried = await open()
      const payload = Buffer.from(reading(42))
      await new Promise<void>((resolve) => {
        tried?.intake.accept({ ...message('d1', ''), payload }, () => {
          payload.fill(0)
          resolve()
        })
      })
      expect(await tried.stored()).toEqual([42])
    },
    60_000,
  )

  it.skipIf(skipped)(
    'G1: says of what is not safe that it is not, and goes on by itself',
    async () => {
      tried = await open()
      const accept = (value: number): Promise<string> =>
        new Promise((resolve) => {
          tried?.intake.accept(message('d1', reading(value)), (error) =>
            resolve(error === undefined ? 'safe' : 'failed'),
          )
        })
      expect(await accept(1)).toBe('safe')
      await tried.fail()
      expect(await accept(2)).toBe('failed')
      await tried.mend()
      expect(await accept(3)).toBe('safe')
      const stored = await tried.stored()
      expect(stored).toContain(1)
      expect(stored.at(-1)).toBe(3)
    },
    60_000,
  )
})
