// Which broker holds which device, while Redis goes and comes back and brokers die.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { linesOf } from '../../cluster/keys.ts'
import { BrokerLines } from '../../cluster/lines/broker-lines.ts'
import { LineSweep } from '../../cluster/lines/line-sweep.ts'
import type { NodeReport } from '../../cluster/node-board.ts'
import { readAfter } from '../../cluster/streams/stream-reader.ts'
import { partitionOf } from '../../contract/partitions.ts'
import { until } from '../support/hub-process.ts'
import { REDIS_MISSING, startRedis } from '../support/services/redis.ts'
import type { RedisServer } from '../support/services/redis.ts'
import { StreamWorld } from './stream-world.ts'

describe.skipIf(REDIS_MISSING)('lines', () => {
  let server: RedisServer
  let world: StreamWorld
  const lines: BrokerLines[] = []
  beforeAll(async () => {
    server = await startRedis()
  }, 60_000)
  afterAll(() => server?.dispose())
  beforeEach(() => {
    world = new StreamWorld(server)
  })
  afterEach(async () => {
    for (const one of lines.splice(0)) await one.leave()
    await world.stop()
  })

  async function broker(node: string): Promise<BrokerLines> {
    const made = new BrokerLines({
      writer: await world.writer(),
      redis: await world.plain(),
      node,
      wall: Date.now,
      failed: () => undefined,
      retryEveryMs: 20,
      compareEveryMs: 3_600_000,
    })
    made.start()
    lines.push(made)
    return made
  }
  /** What the stream says of a device, in order. */
  async function said(deviceId: string): Promise<string[]> {
    const batch = await readAfter(await world.plain(), partitionOf(deviceId), 0, { count: 1_000, wall: 0 })
    return batch.entries.flatMap(({ entry }) =>
      entry.type === 'presence' && entry.deviceId === deviceId
        ? [`${entry.connected ? 'came' : entry.politely ? 'left' : 'broke'} ${entry.node}`]
        : [],
    )
  }
  const holder = async (deviceId: string): Promise<string | null> =>
    (await world.plain()).hget(linesOf(partitionOf(deviceId)), deviceId)

  it('what came and went while Redis was away is told when it is back, and what did both, as it is', async () => {
    const b0 = await broker('b0')
    b0.changed('d1', true, 1, false)
    await until('d1 is told', async () => (await said('d1')).length === 1)
    await server.kill()
    b0.changed('d1', false, 2, false)
    b0.changed('d2', true, 3, false)
    b0.changed('d3', true, 4, false)
    b0.changed('d3', false, 5, true)
    await server.restart()
    await until('d2 is told', async () => (await holder('d2')) === 'b0')
    await until('d1 is told', async () => (await holder('d1')) === null)
    expect(await said('d1')).toEqual(['came b0', 'broke b0'])
    expect(await said('d2')).toEqual(['came b0'])
    // It was never told to be there: nobody misses it.
    expect(await said('d3')).toEqual([])
  }, 60_000)

  it('a device that has moved has not gone, in whichever order the brokers notice', async () => {
    const [b0, b1] = [await broker('b0'), await broker('b1')]
    b0.changed('d1', true, 1, false)
    await until('it is at b0', async () => (await holder('d1')) === 'b0')
    b1.changed('d1', true, 2, false)
    await until('it is at b1', async () => (await holder('d1')) === 'b1')
    b0.changed('d1', false, 3, false)
    b1.changed('d1', false, 4, true)
    await until('it is gone', async () => (await holder('d1')) === null)
    expect(await said('d1')).toEqual(['came b0', 'came b1', 'left b1'])
  }, 60_000)

  it('a hash that came back older is held against what is really connected', async () => {
    const b0 = await broker('b0')
    b0.changed('d1', true, 1, false)
    await until('it is told', async () => (await holder('d1')) === 'b0')
    const redis = await world.plain()
    await redis.del(linesOf(partitionOf('d1')))
    await redis.hset(linesOf(partitionOf('d2')), 'd2', 'b0')
    await redis.hset(linesOf(partitionOf('d3')), 'd3', 'b1')
    await b0.compare()
    await until('d1 is told again', async () => (await holder('d1')) === 'b0')
    await until('d2 is told', async () => (await holder('d2')) === null)
    expect(await said('d2')).toEqual(['broke b0'])
    expect(await holder('d3')).toBe('b1')
    expect(b0.size).toBe(1)
  }, 60_000)

  it('G4: lines of a broker that is off the board for long enough break; of one that comes back they do not', async () => {
    const report = (id: string): NodeReport => ({ id, role: 'broker', startedAt: 0, applied: 0 })
    let board: NodeReport[] | Error = [report('b0')]
    let now = 0
    const sweep = new LineSweep({
      redis: await world.plain(),
      writer: await world.writer(),
      board: { all: () => (board instanceof Error ? Promise.reject(board) : Promise.resolve(board)) },
      owned: () => [partitionOf('d1')],
      now: () => now,
      wall: Date.now,
      failed: () => undefined,
    })
    await (await world.plain()).hset(linesOf(partitionOf('d1')), 'd1', 'b0')
    await sweep.sweep()
    board = [report('b1')]
    now = 1_000
    await sweep.sweep()
    // Seen again in between: it begins anew.
    board = [report('b0')]
    now = 10_000
    await sweep.sweep()
    board = [report('b1')]
    now = 20_000
    await sweep.sweep()
    // A board that could not be read says nothing of anybody.
    board = new Error('redis is away')
    now = 25_000
    await sweep.sweep()
    board = [report('b1')]
    now = 32_000
    await sweep.sweep()
    now = 43_000
    await sweep.sweep()
    expect(await holder('d1')).toBe('b0')
    now = 44_000
    await sweep.sweep()
    await until('it is broken', async () => (await holder('d1')) === null)
    expect(await said('d1')).toEqual(['broke b0'])
    await sweep.stop()
  }, 60_000)
})
