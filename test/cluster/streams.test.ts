// The streams between brokers and workers on a real Redis: order, positions that are given once, gaps that are told.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { partitionOf } from '../../contract/partitions.ts'
import { linesOf, streamOf } from '../../cluster/keys.ts'
import { encodeEntry } from '../../cluster/entry.ts'
import { Backlog, DEFAULT_BOUNDS } from '../../cluster/streams/backlog.ts'
import { checkLayout } from '../../cluster/streams/layout.ts'
import { StreamIntake } from '../../cluster/streams/stream-intake.ts'
import { readAfter, trimStream } from '../../cluster/streams/stream-reader.ts'
import { until } from '../support/hub-process.ts'
import { REDIS_MISSING, startRedis } from '../support/services/redis.ts'
import type { RedisServer } from '../support/services/redis.ts'
import { Following, StreamWorld, message } from './stream-world.ts'
import type { StreamLoss, StreamWriter } from '../../cluster/streams/stream-writer.ts'

const P = partitionOf('d1')

const entry = (text: string) =>
  encodeEntry({
    type: 'message',
    deviceId: 'd1',
    channel: 'readings',
    qos: 1,
    receivedAt: 1,
    will: false,
    payload: Buffer.from(text),
  })

describe.skipIf(REDIS_MISSING)('streams', () => {
  let server: RedisServer
  let world: StreamWorld
  beforeAll(async () => {
    server = await startRedis()
  }, 60_000)
  afterAll(() => server?.dispose())
  beforeEach(() => {
    world = new StreamWorld(server)
  })
  afterEach(() => world.stop())

  it('are read in the order of the calls, whoever asks when, and trimmed without giving a position twice', async () => {
    const writer = await world.writer()
    const reader = await world.reader()
    const following = new Following(reader, P)
    const other = new Following(reader, partitionOf('d2'))
    await Promise.all(Array.from({ length: 2_000 }, (_, i) => writer.added(P, entry(String(i)))))
    await until('all are read', () => following.entries.length === 2_000)
    expect(following.texts()).toEqual(Array.from({ length: 2_000 }, (_, i) => String(i)))
    expect(following.gaps).toEqual([])
    const redis = await world.plain()
    await trimStream(redis, P, following.position)
    expect(await redis.xlen(streamOf(P))).toBe(0)
    const { position } = following
    expect(await writer.added(P, entry('next'))).toBe(position + 1)
    await until('the next is read', () => following.entries.length === 2_001)
    expect(other.entries).toEqual([])
    await following.stop()
    await other.stop()
  }, 60_000)

  it('G10: what nobody can read is told with a redacted sample, and what stands behind it goes on', async () => {
    const writer = await world.writer()
    const following = new Following(await world.reader(), P)
    await writer.added(P, entry('first'))
    const poison = ['h', 'message d1 nonsense 1 1 0', 'p', '{"phone":"13800001111"}']
    const position = await writer.added(P, poison)
    await writer.added(P, ['x', 'y'])
    await writer.added(P, entry('last'))
    await until('both are read', () => following.entries.length === 2)
    expect(following.texts()).toEqual(['first', 'last'])
    expect(following.unreadable.map(({ problem }) => problem)).toEqual(['header', 'fields'])
    expect(following.unreadable[0]).toMatchObject({ partition: P, position, deviceId: 'd1' })
    expect(following.unreadable[0]?.sample).not.toContain('13800001111')
    await following.stop()
  }, 60_000)

  it('a gap that somebody tore is told', async () => {
    const writer = await world.writer()
    const positions = await Promise.all(['a', 'b', 'c'].map((text) => writer.added(P, entry(text))))
    const redis = await world.plain()
    await redis.xdel(streamOf(P), `0-${positions[1]}`)
    const batch = await readAfter(redis, P, 0, { count: 10, wall: 0 })
    expect(batch.gaps).toEqual([{ kind: 'missing', after: positions[0], found: positions[2] }])
  }, 60_000)

  it('were made for a ledger and a number of partitions, and others are refused', async () => {
    const redis = await world.plain()
    const layout = await checkLayout(redis, 'c1', 1)
    expect(await checkLayout(redis, 'c1', 2)).toEqual(layout)
    await expect(checkLayout(redis, 'c2', 3)).rejects.toThrow('another ledger')
    await redis.set('zhian:layout', JSON.stringify({ ...layout, partitions: 32 }))
    await expect(checkLayout(redis, 'c1', 3)).rejects.toThrow('32')
  }, 60_000)

  describe('G1: a Redis that came back without its newest entries', () => {
    it('gives no position twice: what is acknowledged afterwards is read by whoever had read further', async () => {
      const losses: StreamLoss[] = []
      const writer = await world.writer({ opened: (_, loss) => loss !== null && losses.push(loss) })
      const following = new Following(await world.reader(), P)
      const kept = await writer.added(P, entry('kept'))
      const length = world.appended()
      const lost = await Promise.all(['lost 1', 'lost 2', 'lost 3'].map((text) => writer.added(P, entry(text))))
      await until('all are read', () => following.entries.length === 4)
      await world.comeBackAsOf(length)
      await until('the streams are open again', () => writer.problem === null)
      const after = await writer.added(P, entry('after'))
      expect(after).toBeGreaterThan(lost.at(-1) as number)
      await until('what came after is read', () => following.texts().includes('after'))
      expect(following.gaps).toEqual([{ kind: 'older', after: lost.at(-1), found: kept }])
      expect(losses).toEqual([{ lost: [{ partition: P, after: kept, upTo: lost.at(-1) }] }])
      await following.stop()
    }, 60_000)

    it('twice in a row, the second time without what the first opening wrote', async () => {
      const writer = await world.writer()
      const following = new Following(await world.reader(), P)
      await writer.added(P, entry('kept'))
      const length = world.appended()
      for (const text of ['one', 'two', 'three']) {
        await writer.added(P, entry(text))
        await until(`${text} is read`, () => following.texts().includes(text))
        await world.comeBackAsOf(length)
        await until('the streams are open again', () => writer.problem === null)
      }
      await writer.added(P, entry('last'))
      await until('the last is read', () => following.texts().includes('last'))
      expect(following.texts()).toEqual(['kept', 'one', 'two', 'three', 'last'])
      const positions = following.entries.map(({ position }) => position)
      expect(positions).toEqual(positions.toSorted((a, b) => a - b))
      await following.stop()
    }, 60_000)

    it('a clock that was set back meanwhile: what the opener knows is above', async () => {
      const known = Math.floor(Date.now() / 1_000 + 86_400) * 2 ** 20
      const writer = await world.writer({ known })
      expect(await writer.added(P, entry('a'))).toBeGreaterThan(known)
    }, 60_000)

    it('a stream that was emptied under a broker is not written to as if nothing were', async () => {
      const writer = await world.writer()
      const before = await writer.added(P, entry('a'))
      const redis = await world.plain()
      await redis.del(streamOf(P))
      await expect(writer.added(P, entry('b'))).rejects.toThrow('given before')
      await until('the streams are open again', () => writer.problem === null)
      expect(await writer.added(P, entry('c'))).toBeGreaterThan(before)
    }, 60_000)
  })

  describe('the intake', () => {
    async function intake(writer: StreamWriter, bounds = DEFAULT_BOUNDS, now = () => performance.now()) {
      const backlog = new Backlog(await world.plain(), bounds, () => made.lookAtHeld())
      const made = new StreamIntake({ writer, backlog, node: 'b0', now })
      await backlog.look()
      return { intake: made, backlog }
    }

    it('gives one device’s messages receipt times that rise strictly', async () => {
      const { intake: door } = await intake(await world.writer())
      const receivedAt = Date.now()
      for (const text of ['a', 'b', 'c']) door.accept(message('d1', text, { receivedAt }), () => undefined)
      const following = new Following(await world.reader(), P)
      await until('all are read', () => following.entries.length === 3)
      const times = following.entries.map(({ entry: read }) => (read.type === 'message' ? read.receivedAt : 0))
      expect(times).toEqual([receivedAt, receivedAt + 1, receivedAt + 2])
      await following.stop()
    }, 60_000)

    it('G6: holds when there is little room, in order, drops QoS 0 alone, and goes on when there is room', async () => {
      const { intake: door, backlog } = await intake(await world.writer(), { ...DEFAULT_BOUNDS, slowLength: 3 })
      const safe: string[] = []
      const take = (deviceId: string, text: string, qos: 0 | 1 = 1, publisherId = deviceId): void =>
        door.accept(message(deviceId, text, { qos, publisherId }), (error) => safe.push(error?.message ?? text))
      take('d1', 'a')
      take('d1', 'b')
      await until('two are safe', () => safe.length === 2)
      // The mark of the opening is the first of three.
      await backlog.look()
      take('d1', 'c')
      take('d1', 'only seen live', 0)
      take('d2', 'elsewhere')
      take('d2', 'behind c, of the same gateway', 1, 'd1')
      await until('the free one is safe', () => safe.includes('elsewhere'))
      expect(safe).toEqual(['a', 'b', 'only seen live', 'elsewhere'])
      expect(door.counters()).toMatchObject({ held: 2, dropped: 1 })
      const redis = await world.plain()
      await redis.xtrim(streamOf(P), 'MAXLEN', 0)
      await backlog.look()
      await until('all are safe', () => safe.length === 6)
      expect(safe.slice(4)).toEqual(['c', 'behind c, of the same gateway'])
    }, 60_000)

    it('G6: does not keep a device waiting for ever', async () => {
      let ahead = 0
      const writer = await world.writer()
      const { intake: door } = await intake(
        writer,
        { ...DEFAULT_BOUNDS, slowLength: 1 },
        () => performance.now() + ahead,
      )
      let outcome = 'held'
      door.accept(message('d1', 'a'), (error) => (outcome = error?.message ?? 'safe'))
      door.lookAtHeld()
      expect(outcome).toBe('held')
      ahead += 10_000
      door.lookAtHeld()
      expect(outcome).toBe('the stream is full')
    }, 60_000)

    it('a will says nothing of a device that has come to another broker meanwhile', async () => {
      const { intake: door } = await intake(await world.writer())
      const following = new Following(await world.reader(), P)
      const will = (text: string): Promise<unknown> =>
        new Promise((resolve) => door.accept(message('d1', text, { channel: 'status', will: true }), resolve))
      const redis = await world.plain()
      await will('nobody holds it')
      await redis.hset(linesOf(P), 'd1', 'b0')
      await will('it was here')
      await redis.hset(linesOf(P), 'd1', 'b1')
      await will('it is elsewhere')
      await redis.hdel(linesOf(P), 'd1')
      await will('it has gone')
      await until('all are read', () => following.entries.length === 3)
      expect(following.texts()).toEqual(['nobody holds it', 'it was here', 'it has gone'])
      expect(following.entries[0]?.entry).toMatchObject({ type: 'message', will: true, channel: 'status' })
      expect(door.counters()).toMatchObject({ added: 3, voidWills: 1 })
      await following.stop()
    }, 60_000)

    it('refuses at once what has no room at all, and everything while Redis is away; it recovers by itself', async () => {
      const writer = await world.writer()
      const { intake: door, backlog } = await intake(writer, { ...DEFAULT_BOUNDS, slowLength: 1, fullLength: 1 })
      const accept = (text: string): Promise<string> =>
        new Promise((resolve) => door.accept(message('d1', text), (error) => resolve(error?.message ?? 'safe')))
      expect(await accept('a')).not.toBe('safe')
      await (await world.plain()).xtrim(streamOf(P), 'MAXLEN', 0)
      await backlog.look()
      expect(await accept('b')).toBe('safe')
      await server.kill()
      await until('it is known', () => writer.problem !== null)
      expect(await accept('c')).not.toBe('safe')
      expect(door.counters()).toMatchObject({ refusedFull: 1, refusedAway: 1, held: 0 })
      await server.restart()
      await until('it is back', () => writer.problem === null)
      await (await world.plain()).xtrim(streamOf(P), 'MAXLEN', 0)
      await backlog.look()
      expect(await accept('d')).toBe('safe')
    }, 60_000)

    it('G1: a Redis that stands still acknowledges nothing, and nothing heaps up', async () => {
      const writer = await world.writer()
      const { intake: door } = await intake(writer)
      let safe = 0
      let refused = 0
      const take = (): void => door.accept(message('d1', 'x'), (error) => (error ? refused++ : safe++))
      take()
      await until('the first is safe', () => safe === 1)
      server.freeze()
      try {
        for (let i = 0; i < 1_000; i++) take()
        await until('all are refused', () => refused === 1_000, 30_000)
        take()
        expect({ safe, refused, waiting: writer.inFlight }).toEqual({ safe: 1, refused: 1_001, waiting: 0 })
      } finally {
        server.thaw()
      }
      await until('it adds again', () => writer.problem === null, 30_000)
      take()
      await until('the next is safe', () => safe === 2)
    }, 90_000)
  })
})
