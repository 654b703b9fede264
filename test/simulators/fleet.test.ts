// The fleet against a broker that is not ours: everything due is delivered and acknowledged, and the records agree with
// what a subscriber got.
import { connectAsync } from 'mqtt'
import type { MqttClient } from 'mqtt'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DeviceConnection } from '../../simulators/connection.ts'
import type { Delivery } from '../../simulators/connection.ts'
import { Fleet } from '../../simulators/fleet.ts'
import type { FleetOptions } from '../../simulators/fleet.ts'
import { backlog, history } from '../../simulators/history.ts'
import { incident } from '../../simulators/incidents.ts'
import type { Incident } from '../../simulators/incidents.ts'
import { messages } from '../../simulators/messages.ts'
import { SIMULATED } from '../../simulators/town.ts'
import type { SimulatedKind } from '../../simulators/town.ts'
import { startMosquitto } from '../load/mosquitto.ts'
import { freePort } from '../support/hub-process.ts'
import type { Mosquitto } from '../load/mosquitto.ts'

const WORLD = Date.UTC(2026, 10, 18, 10)
const device = (kind: SimulatedKind, id: string, ...incidents: Incident[]) => ({
  model: SIMULATED[kind](id, 1, incidents),
  token: 'secret',
})

interface Heard {
  readonly topic: string
  readonly payload: string
  readonly retain: boolean
}

describe('fleet', () => {
  let mosquitto: Mosquitto
  let listener: MqttClient
  let heard: Heard[]
  let deliveries: Delivery[]
  let fleet: Fleet | null = null

  const url = (): string => `mqtt://127.0.0.1:${mosquitto.port}`
  const fleetOf = (options: Partial<FleetOptions> & Pick<FleetOptions, 'devices'>): Fleet => {
    fleet = new Fleet({
      url: url(),
      worldStart: WORLD,
      onDelivery: (delivery) => deliveries.push(delivery),
      ...options,
    })
    return fleet
  }
  const listen = async (): Promise<void> => {
    listener = await connectAsync(url())
    listener.on('message', (topic: string, payload: Buffer, { retain }: { retain: boolean }) => {
      heard.push({ topic, payload: payload.toString(), retain })
    })
    await listener.subscribeAsync('zhian/v1/#', { qos: 1 })
  }
  const samplesHeard = (id: string): number[] =>
    heard
      .filter(({ topic }) => topic === `zhian/v1/${id}/readings`)
      .flatMap(({ payload }) => JSON.parse(payload) as { ts: number } | { ts: number }[])
      .map(({ ts }) => ts)
  const states = (id: string): string[] =>
    heard
      .filter(({ topic }) => topic === `zhian/v1/${id}/status`)
      .map(({ payload }) => (JSON.parse(payload) as { state: string }).state)

  beforeEach(async () => {
    heard = []
    deliveries = []
    mosquitto = await startMosquitto()
    await listen()
  })
  afterEach(async () => {
    await fleet?.stop(0)
    fleet = null
    listener.end(true)
    await mosquitto.stop()
  })

  it('delivers all that is due, acknowledged, and its records agree with the other end', async () => {
    const devices = [
      device('electricity', 'el-1'),
      device('gas', 'gas-1', incident('leak', WORLD + 60_000)),
      device('access', 'gate-1'),
    ]
    const running = fleetOf({ devices, speed: 500 })
    await running.connect()
    expect(running.counts()).toMatchObject({ devices: 3, connected: 3, sent: 0 })
    const since = Date.now()
    running.start()
    await expect.poll(() => running.now() - WORLD, { timeout: 20_000 }).toBeGreaterThan(900_000)
    await running.stop()

    const counts = running.counts()
    expect(counts).toMatchObject({ outstanding: 0, abandoned: 0, overflowed: 0, reconnects: 0, connected: 0 })
    expect(counts.acknowledged).toBe(counts.sent)
    expect(deliveries).toHaveLength(counts.sent)
    for (const { ackedAt, sentAt, ts } of deliveries) {
      expect(ackedAt).toBeGreaterThanOrEqual(sentAt)
      // World time runs ahead; what a sample says is when it was sent.
      expect(ts[0]).toBeGreaterThanOrEqual(since - 1)
      expect(Math.abs(sentAt - (ts[0] as number))).toBeLessThan(10_000)
    }
    await expect.poll(() => heard.filter(({ topic }) => !topic.endsWith('/status')).length).toBe(counts.sent)
    for (const { model } of devices) {
      const recorded = deliveries.filter(({ deviceId, channel }) => deviceId === model.id && channel === 'readings')
      expect(samplesHeard(model.id).toSorted()).toEqual(recorded.flatMap(({ ts }) => ts).toSorted())
      expect(new Set(samplesHeard(model.id)).size).toBe(recorded.length)
    }
    // Exactly what the pure model says, in order.
    const said = heard
      .filter(({ topic }) => topic === 'zhian/v1/gas-1/events')
      .map(({ payload }) => (JSON.parse(payload) as { event: string }).event)
    expect(said.slice(0, 3)).toEqual(['gas_low', 'gas_high', 'valve_closed'])
    for (const { model } of devices) expect(states(model.id)).toEqual(['online', 'offline'])
  })

  it('delivers history as late arrays, each sample once', async () => {
    const running = fleetOf({ devices: [device('electricity', 'el-1'), device('smoke', 'smoke-1')] })
    await running.connect()
    await running.deliverHistory(24, 300)
    const expected = history(device('electricity', 'el-1').model, WORLD - 86_400_000, WORLD, 300_000)
    expect(expected.flatMap(({ samples }) => samples)).toHaveLength(288)
    expect(expected).toHaveLength(1)
    await expect.poll(() => samplesHeard('el-1')).toEqual(expected.flatMap(({ samples }) => samples))
    expect(samplesHeard('smoke-1')).toHaveLength(1)
    expect(running.counts()).toMatchObject({ outstanding: 0, abandoned: 0 })
  })

  it('says first what it kept from just before the start, stamped as its live readings are', async () => {
    const { model } = device('electricity', 'el-1')
    const running = fleetOf({ devices: [device('electricity', 'el-1')], speed: 60 })
    await running.connect()
    const since = Date.now()
    running.start((_device, stamp) => backlog(model, WORLD - 600_000, WORLD, stamp))
    const kept = messages(model, WORLD - 600_000, WORLD)
    await expect.poll(() => samplesHeard('el-1').length, { timeout: 20_000 }).toBeGreaterThan(kept.length + 2)
    const heardInOrder = samplesHeard('el-1')
    expect(heardInOrder).toEqual(heardInOrder.toSorted((a, b) => a - b))
    expect(new Set(heardInOrder).size).toBe(heardInOrder.length)
    // Ten minutes of the world, ten seconds of ours.
    expect(heardInOrder[0]).toBeGreaterThanOrEqual(since - 10_000)
    expect(heardInOrder.filter((ts) => ts < since)).toHaveLength(kept.length)
  })

  it('lets something else happen to a device than was foreseen, and says nothing twice or never', async () => {
    const running = fleetOf({ devices: [device('gas', 'gas-1'), device('electricity', 'el-1')], speed: 60 })
    await running.connect()
    running.start()
    await expect.poll(() => samplesHeard('gas-1').length, { timeout: 20_000 }).toBeGreaterThan(1)
    const leak = incident('leak', running.now() + 1_000)
    const { model } = device('gas', 'gas-1', leak)
    running.replace(model)
    expect(() => running.replace(device('gas', 'gas-2').model)).toThrow('gas-2')
    const eventsHeard = (): string[] =>
      heard
        .filter(({ topic }) => topic === 'zhian/v1/gas-1/events')
        .map(({ payload }) => (JSON.parse(payload) as { event: string }).event)
    await expect.poll(eventsHeard, { timeout: 20_000 }).toContain('gas_low_cleared')
    const until = running.now()
    await running.stop()
    // As if it had been foreseen: the same number of readings since the world began.
    const expected = messages(model, WORLD, until).filter(({ channel }) => channel === 'readings')
    expect(new Set(samplesHeard('gas-1')).size).toBe(samplesHeard('gas-1').length)
    expect(Math.abs(samplesHeard('gas-1').length - expected.length)).toBeLessThanOrEqual(
      expected.filter(({ at }) => at > until - 60_000).length,
    )
  })

  it('breaks the connection of a device that dies, so that its will is heard, and comes back', async () => {
    const dies = incident('dies', WORLD + 60_000, { seconds: 60 })
    const running = fleetOf({
      devices: [device('electricity', 'el-1', dies), device('electricity', 'el-2')],
      speed: 60,
    })
    await running.connect()
    running.start()
    await expect.poll(() => states('el-1'), { timeout: 20_000 }).toEqual(['online', 'offline', 'online'])
    expect(states('el-2')).toEqual(['online'])
  })

  it('says mains_lost before a power cut takes it off the line, and mains_restored first of all when it is back', async () => {
    const cut = incident('power_cut', WORLD + 30_000, { seconds: 120 })
    const running = fleetOf({ devices: [device('electricity', 'el-1', cut)], speed: 60 })
    await running.connect()
    running.start()
    await expect.poll(() => states('el-1'), { timeout: 20_000 }).toEqual(['online', 'offline', 'online'])
    const eventAt = (name: string): number =>
      heard.findIndex(({ topic, payload }) => topic.endsWith('/events') && payload.includes(name))
    await expect.poll(() => eventAt('mains_restored'), { timeout: 20_000 }).toBeGreaterThan(0)
    const between = heard.slice(eventAt('mains_lost') + 1, eventAt('mains_restored'))
    expect(between.every(({ topic }) => topic === 'zhian/v1/el-1/status')).toBe(true)
  })

  it('sends again over a new connection what a cut one had not acknowledged', async () => {
    let connected = 0
    const connection = new DeviceConnection(
      { url: url(), deviceId: 'el-1', token: 't', reconnectMs: 50, memory: 10 },
      {
        delivered: (delivery) => deliveries.push(delivery),
        connected: () => connected++,
        failed: () => undefined,
        overflowed: () => undefined,
      },
    )
    connection.open()
    await expect.poll(() => connected).toBe(1)
    process.kill(mosquitto.pid, 'SIGSTOP')
    const payload = '{"ts":1,"values":{"power":1}}'
    const sent = connection.send({
      channel: 'readings',
      topic: 'zhian/v1/el-1/readings',
      payload,
      qos: 1,
      samples: [1],
    })
    connection.cut()
    expect(connection.outstanding).toBe(1)
    process.kill(mosquitto.pid, 'SIGCONT')
    connection.open()
    expect(await sent).toBe(true)
    await connection.end()
    expect(deliveries).toHaveLength(1)
  })

  it('keeps what was not acknowledged over a restart of the broker, and loses none of it', async () => {
    const running = fleetOf({ devices: [device('gas', 'gas-1', incident('leak', WORLD))], speed: 20, reconnectMs: 50 })
    await running.connect()
    running.start()
    await expect.poll(() => running.counts().acknowledged, { timeout: 20_000 }).toBeGreaterThan(5)
    await mosquitto.stop()
    await expect.poll(() => running.counts().outstanding, { timeout: 20_000 }).toBeGreaterThan(3)
    mosquitto = await startMosquitto({ port: mosquitto.port })
    await expect.poll(() => running.counts().connected, { timeout: 20_000 }).toBe(1)
    await running.stop()
    expect(running.counts()).toMatchObject({ outstanding: 0, abandoned: 0, overflowed: 0 })
    expect(running.counts().reconnects).toBeGreaterThan(0)
    expect(deliveries.every(({ ackedAt }) => ackedAt !== null)).toBe(true)
  })

  it('writes down what was given up when the broker stays away, and what had no room', async () => {
    const running = fleetOf({ devices: [device('gas', 'gas-1', incident('leak', WORLD))], speed: 100, memory: 5 })
    await running.connect()
    await mosquitto.stop()
    running.start()
    await expect.poll(() => running.counts().overflowed, { timeout: 20_000 }).toBeGreaterThan(0)
    await running.stop(0)
    expect(running.counts()).toMatchObject({ sent: 5, acknowledged: 0, abandoned: 5, outstanding: 0 })
    expect(deliveries.map(({ ackedAt }) => ackedAt)).toEqual([null, null, null, null, null])
  })

  it('says why when nobody answers', async () => {
    const running = fleetOf({ devices: [device('gas', 'gas-1')], url: `mqtt://127.0.0.1:${await freePort()}` })
    await expect(running.connect()).rejects.toThrow(/gas-1: .*ECONNREFUSED/)
  })

  it('may be stopped twice, and before it was started', async () => {
    const running = fleetOf({ devices: [device('gas', 'gas-1')] })
    await Promise.all([running.stop(), running.stop()])
    running.start()
    expect(running.counts()).toMatchObject({ connected: 0, sent: 0 })
  })
})

describe('history', () => {
  it('packs readings and events into arrays of at most 500, below the size a broker takes', () => {
    const { model } = device('electricity', 'el-1')
    const day = history(model, WORLD - 86_400_000, WORLD, 60_000)
    expect(day.flatMap(({ samples }) => samples)).toEqual(
      messages(model, WORLD - 86_400_000, WORLD).flatMap(({ samples }) => samples),
    )
    for (const { payload, samples } of day) {
      expect(JSON.parse(String(payload))).toHaveLength(samples.length)
      expect(samples.length).toBeLessThanOrEqual(500)
      expect(Buffer.byteLength(String(payload))).toBeLessThan(65_536)
    }
  })
})
