// The load generator is the oracle of every fault test: first of all it must itself be right.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeNative } from '../../ingest/codecs/native.ts'
import { Latencies } from './latencies.ts'
import { startMosquitto } from './mosquitto.ts'
import type { Mosquitto } from './mosquitto.ts'
import { Runs } from './oracle.ts'
import { publishTemplate, TS_SLOT, writeTs } from './packets.ts'
import { runLoad, startLoad } from './publisher.ts'

const credentials = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ username: `el-${index}`, password: 'secret' }))

describe('load generator', () => {
  let mosquitto: Mosquitto
  beforeAll(async () => {
    mosquitto = await startMosquitto()
  })
  afterAll(() => mosquitto.stop())

  it('sends sound readings, none twice, and its oracle agrees with what a subscriber got', async () => {
    const heard = new Map<string, Set<number>>()
    let [count, unsound] = [0, 0]
    const subscriber = await connectAsync(`mqtt://127.0.0.1:${mosquitto.port}`)
    subscriber.on('message', (topic: string, payload: Buffer) => {
      const decoded = decodeNative({
        deviceId: 'x',
        kind: 'electricity',
        channel: 'readings',
        payload,
        receivedAt: Date.now(),
        position: 0,
        lastReceiptTs: 0,
        will: false,
      })
      if (decoded.rejected.length > 0 || decoded.readings.length !== 1 || decoded.points !== 8) unsound++
      const seen = heard.get(topic) ?? new Set()
      seen.add(decoded.readings[0]?.ts ?? NaN)
      heard.set(topic, seen)
      count++
    })
    await subscriber.subscribeAsync('zhian/v1/+/readings', { qos: 1 })

    const folder = mkdtempSync(join(tmpdir(), 'zhian-oracle-'))
    const oraclePath = join(folder, 'oracle.jsonl')
    const result = await runLoad({
      port: mosquitto.port,
      credentials: credentials(7),
      window: 37,
      messagesPerConnection: 700,
      oraclePath,
    })
    await expect.poll(() => count, { timeout: 20_000 }).toBe(4_900)
    await subscriber.endAsync()

    expect(unsound).toBe(0)
    expect(result).toMatchObject({ sent: 4_900, acknowledged: 4_900, outOfOrder: 0, unexpected: 0, reconnects: 0 })
    for (const { topic, acknowledged, unacknowledged } of result.oracle) {
      expect(unacknowledged).toEqual([])
      expect(acknowledged.count).toBe(700)
      expect([...acknowledged.timestamps()].toSorted()).toEqual([...(heard.get(topic) ?? [])].toSorted())
    }
    const written = readFileSync(oraclePath, 'utf8').trim().split('\n')
    expect(written.map((line) => (JSON.parse(line) as { topic: string }).topic).toSorted()).toEqual(
      [...heard.keys()].toSorted(),
    )
    rmSync(folder, { recursive: true })
  })

  it('holds a rate and never exceeds it', async () => {
    const run = await startLoad({ port: mosquitto.port, credentials: credentials(4), rate: 1_000 })
    const before = performance.now()
    run.start()
    await expect.poll(async () => (await run.progress()).acknowledged, { timeout: 20_000 }).toBeGreaterThan(800)
    const result = await run.stop()
    const elapsed = (performance.now() - before) / 1000
    expect(result.sent).toBe(result.acknowledged)
    expect(result.sent).toBeLessThanOrEqual(1_000 * elapsed + 1)
  })

  it('says who was refused and why when a login fails', async () => {
    const strict = await startMosquitto({ config: ['max_connections 1'] })
    await expect(startLoad({ port: strict.port, credentials: credentials(3) })).rejects.toThrow(/el-\d: /)
    await strict.stop()
  })

  it('may be stopped before it was started', async () => {
    const run = await startLoad({ port: mosquitto.port, credentials: credentials(2) })
    expect(await run.stop()).toMatchObject({ sent: 0, acknowledged: 0 })
  })
})

/** Answers CONNECT and PUBLISH as told, to see what the generator makes of a broker that misbehaves. */
async function brokerOf(onPublish: (ids: number[], flags: number[], socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    let buffered = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      buffered = Buffer.concat([buffered, chunk])
      const [ids, flags]: [number[], number[]] = [[], []]
      for (;;) {
        const lengthBytes = (buffered[1] ?? 0) < 128 ? 1 : 2
        const length = lengthBytes === 1 ? buffered[1] : ((buffered[1] ?? 0) & 127) + (buffered[2] ?? 0) * 128
        if (length === undefined || buffered.length < 1 + lengthBytes + length) break
        const packet = buffered.subarray(0, 1 + lengthBytes + length)
        buffered = buffered.subarray(packet.length)
        if ((packet[0] as number) >> 4 === 1) socket.write(Buffer.from([0x20, 2, 0, 0]))
        if ((packet[0] as number) >> 4 !== 3) continue
        const topicAt = 1 + lengthBytes
        ids.push(packet.readUInt16BE(topicAt + 2 + packet.readUInt16BE(topicAt)))
        flags.push(packet[0] as number)
      }
      if (ids.length > 0) onPublish(ids, flags, socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
const portOf = (server: Server): number => (server.address() as AddressInfo).port
const puback = (id: number): Buffer => Buffer.from([0x40, 2, id >> 8, id & 0xff])

describe('load generator against a misbehaving broker', () => {
  it('counts PUBACKs that come out of order, and PUBACKs for nothing', async () => {
    let done = false
    const server = await brokerOf((ids, _flags, socket) => {
      socket.write(Buffer.concat([...ids.toReversed().map(puback), ...(done ? [] : [puback(60_000)])]))
      done = true
    })
    const result = await runLoad({
      port: portOf(server),
      credentials: credentials(1),
      window: 4,
      messagesPerConnection: 4,
    })
    server.close()
    expect(result).toMatchObject({ acknowledged: 4, outOfOrder: 3, unexpected: 1 })
    expect(new Set(result.oracle[0]?.acknowledged.timestamps()).size).toBe(4)
  })

  it('reads PUBACKs however they are cut', async () => {
    // One queue: the next messages come while the pieces of these are still on their way.
    let bytes = Buffer.alloc(0)
    const server = await brokerOf((ids, _flags, socket) => {
      socket.setNoDelay(true)
      bytes = Buffer.concat([bytes, ...ids.map(puback)])
      const send = (): void => {
        if (bytes.length === 0) return
        socket.write(bytes.subarray(0, 3))
        bytes = bytes.subarray(3)
        setImmediate(send)
      }
      send()
    })
    const result = await runLoad({
      port: portOf(server),
      credentials: credentials(1),
      window: 8,
      messagesPerConnection: 50,
    })
    server.close()
    expect(result).toMatchObject({ acknowledged: 50, outOfOrder: 0, unexpected: 0 })
  })

  it('after a broken connection sends again, marked as duplicate, exactly what was not acknowledged', async () => {
    const taken: number[] = []
    const again: number[] = []
    let broken = false
    const server = await brokerOf((ids, flags, socket) => {
      if (!broken) {
        broken = true
        taken.push(...ids.slice(0, 2))
        socket.write(Buffer.concat(ids.slice(0, 2).map(puback)), () => socket.destroy())
        return
      }
      again.push(...ids.filter((_, index) => ((flags[index] as number) & 8) !== 0))
      socket.write(Buffer.concat(ids.map(puback)))
    })
    const result = await runLoad({
      port: portOf(server),
      credentials: credentials(1),
      window: 6,
      messagesPerConnection: 6,
      reconnect: true,
    })
    server.close()
    expect(taken).toEqual([1, 2])
    expect(again).toEqual([3, 4, 5, 6])
    expect(result).toMatchObject({ sent: 6, acknowledged: 6, resent: 4, reconnects: 1, outOfOrder: 0 })
  })

  it('reports what was sent and never acknowledged', async () => {
    const server = await brokerOf((ids, _flags, socket) => void socket.write(puback(ids[0] as number)))
    const run = await startLoad({ port: portOf(server), credentials: credentials(1), window: 4, drainMs: 50 })
    run.start()
    await expect.poll(async () => (await run.progress()).acknowledged).toBe(1)
    const result = await run.stop()
    server.close()
    expect(result.oracle[0]?.acknowledged.count).toBe(1)
    expect(result.oracle[0]?.unacknowledged).toHaveLength(3)
  })
})

describe('parts of the load generator', () => {
  it('keeps consecutive timestamps as one run', () => {
    const runs = new Runs()
    for (const ts of [5, 6, 7, 20, 21, 3]) runs.add(ts)
    expect([...runs.pairs()]).toEqual([5, 3, 20, 2, 3, 1])
    expect([...Runs.from(runs.pairs()).timestamps()]).toEqual([5, 6, 7, 20, 21, 3])
    expect(Runs.from(runs.pairs()).count).toBe(6)
  })

  it('writes any time of thirteen digits in place', () => {
    for (const ts of [1_000_000_000_000, 1_795_000_000_000, 1_795_000_123_456, 9_999_999_999_999]) {
      const template = publishTemplate('t', `{"ts":${TS_SLOT}}`)
      writeTs(template.bytes, template.tsAt, ts)
      expect(template.bytes.toString().slice(template.tsAt - 6)).toBe(`{"ts":${ts}}`)
    }
  })

  it('knows percentiles within five percent', () => {
    const latencies = new Latencies()
    for (let ms = 1; ms <= 1_000; ms++) latencies.add(ms)
    expect(latencies.percentile(0.5)).toBeGreaterThanOrEqual(500)
    expect(latencies.percentile(0.5)).toBeLessThanOrEqual(525)
    expect(latencies.percentile(0.99)).toBeGreaterThanOrEqual(990)
    expect(latencies.max).toBe(1_000)
    expect(new Latencies().percentile(0.5)).toBe(0)
  })
})
