// A bridge against a real Mosquitto: what is acknowledged there and when, what is refused, and what becomes of it when either
// side goes away.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import type { MqttClient } from 'mqtt'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeCertificate } from '../support/certificate.ts'
import { freePort, until } from '../support/hub-process.ts'
import { MOSQUITTO_MISSING, startMosquitto } from '../support/services/mosquitto.ts'
import type { MosquittoServer } from '../support/services/mosquitto.ts'
import { client, connected, HandIntake, startBridge } from './bridge-world.ts'
import type { BridgeWorld } from './bridge-world.ts'

const READINGS = 'zhian/v1/GAS-1/readings'

describe.skipIf(MOSQUITTO_MISSING)('a bridge to a Mosquitto', () => {
  let mosquitto: MosquittoServer
  let publisher: MqttClient
  const worlds: BridgeWorld[] = []

  beforeAll(async () => {
    // Saved when it is stopped, not after every acknowledgement, each of which would take it milliseconds.
    mosquitto = await startMosquitto(['allow_anonymous true', 'autosave_on_changes false', 'autosave_interval 0'])
  })
  beforeEach(async () => {
    publisher = await client(mosquitto.url)
  })
  afterEach(async () => {
    await Promise.all(worlds.splice(0).map((world) => world.stop()))
    await publisher.endAsync(true)
  })
  afterAll(() => mosquitto?.dispose())

  let made = 0
  /** Each test has sessions of its own. */
  const bridge = async (given: object = {}, intake?: HandIntake): Promise<BridgeWorld> => {
    const world = startBridge(mosquitto.url, { name: `county-${made++}`, ...given }, intake)
    worlds.push(world)
    await connected(world)
    return world
  }
  const publish = (topic: string, text: string, retain = false): Promise<unknown> =>
    publisher.publishAsync(topic, text, { qos: 1, retain })

  for (const protocolVersion of [4, 5])
    it(`G1: MQTT ${protocolVersion}: acknowledges what is stored, in its order, many on their way at once`, async () => {
      const world = await bridge({ protocolVersion })
      world.intake.answer = null
      for (let i = 0; i < 50; i++) await publish(READINGS, String(i))
      // Nothing was acknowledged, and yet all of them came: the other side waits for no single commit.
      await until('all came', () => world.intake.came.length === 50)
      expect(world.status()).toMatchObject({ received: 50, waiting: 50, taken: 0 })
      world.intake.answer = 'stored'
      world.intake.settle()
      await until('all are taken', () => world.status().taken === 50)
      expect(world.intake.texts()).toEqual(Array.from({ length: 50 }, (_, i) => String(i)))
      expect(world.intake.came[0]).toMatchObject({
        publisherId: 'GAS-1',
        deviceId: 'GAS-1',
        channel: 'readings',
        qos: 1,
      })
      // Acknowledged: nothing comes again on the next connection.
      await world.stop()
      const again = startBridge(mosquitto.url, { name: world.status().name, protocolVersion })
      worlds.push(again)
      await connected(again)
      await publish(READINGS, 'news')
      await until('the news came', () => again.intake.came.length > 0)
      expect(again.intake.texts()).toEqual(['news'])
    })

  for (const protocolVersion of [4, 5])
    it(`G1: MQTT ${protocolVersion}: what could not be stored is not acknowledged, and comes again in its order`, async () => {
      const world = await bridge({ protocolVersion })
      world.intake.answer = 'failed'
      for (let i = 0; i < 5; i++) await publish(READINGS, String(i))
      await until('the bridge says why', () => world.status().problem?.reason === 'not_stored')
      expect(world.status().problem?.detail).toBe('no space left')
      expect(world.status().taken).toBe(0)
      world.intake.answer = 'stored'
      await until('all are taken', () => world.status().taken >= 5)
      await connected(world)
      const texts = world.intake.texts()
      expect(texts.slice(-5)).toEqual(['0', '1', '2', '3', '4'])
      const { received, taken, failed, waiting } = world.status()
      expect(received).toBe(taken + failed + waiting)
      expect(world.cut).toEqual([true, false, ...world.cut.slice(2)])
      expect(world.cut.at(-1)).toBe(false)
    })

  it('G1: takes nothing twice at once: the next connection waits for what the last one brought', async () => {
    const world = await bridge()
    world.intake.answer = null
    for (let i = 0; i < 3; i++) await publish(READINGS, String(i))
    await until('all came', () => world.intake.came.length === 3)
    await mosquitto.stop()
    await mosquitto.restart()
    await until('the cut is seen', () => world.status().state === 'away')
    await publish(READINGS, 'later')
    expect(world.intake.came).toHaveLength(3)
    world.intake.answer = 'stored'
    world.intake.settle()
    await until('all came again', () => world.intake.texts().includes('later'))
    expect(world.intake.texts().slice(3)).toEqual(['0', '1', '2', 'later'])
  })

  it('keeps its session while the hub is away: what comes meanwhile waits at the other side', async () => {
    const world = await bridge({ clientId: 'away-1' })
    await world.stop()
    for (let i = 0; i < 200; i++) await publish(READINGS, String(i))
    const again = await bridge({ clientId: 'away-1' })
    await until('all came', () => again.status().taken === 200)
    expect(again.intake.texts()).toEqual(Array.from({ length: 200 }, (_, i) => String(i)))
    expect(again.status().sessionsLost).toBe(0)
  })

  it('G10: counts what it does not take by its reason, and acknowledges it', async () => {
    const world = await bridge({
      devices: { ids: ['GAS-*', 'CHILD-1', 'AREA-2'], areas: ['东山县/南门镇'] },
      topics: [
        'zhian/v1/{device}/{channel}',
        'zhian/v1/{gateway}/children/{device}/{channel}',
        { pattern: 'plant/{device}/up', channel: 'readings' },
      ],
    })
    const here = ['东山县', '南门镇', '一厂']
    for (const id of ['GAS-1', 'SMOKE-1']) world.devices.set(id, { kind: 'gas', gatewayId: null, place: here })
    world.devices.set('CHILD-1', { kind: 'gas', gatewayId: 'GAS-1', place: here })
    world.devices.set('AREA-2', { kind: 'gas', gatewayId: null, place: ['东山县', '北门镇'] })
    await publish(READINGS, 'taken')
    await publish('plant/GAS-1/up', 'taken too')
    await publish('zhian/v1/GAS-1/children/CHILD-1/events', 'of a child')
    await publish('zhian/v1/GAS-2/children/CHILD-1/events', 'of the child of another')
    await publish('zhian/v1/SMOKE-1/readings', 'of a device that is not the bridge’s')
    await publish('zhian/v1/AREA-2/readings', 'of a place that is not the bridge’s')
    await publish('zhian/v1/NOBODY/readings', 'of nobody')
    await publish('zhian/v1/hub/readings', 'of the hub')
    await publish('zhian/v1/GAS-1/commands', 'not upwards')
    await publish('zhian/v1/一/readings', 'no id')
    await publish(READINGS, 'x'.repeat(65_537))
    await publish(READINGS, 'last')
    await until('the last one came', () => world.intake.texts().includes('last'))
    await until('nothing waits', () => world.status().waiting === 0)
    expect(world.intake.texts()).toEqual(['taken', 'taken too', 'of a child', 'last'])
    expect(world.intake.came[2]).toMatchObject({ publisherId: 'GAS-1', deviceId: 'CHILD-1', channel: 'events' })
    expect(world.status().refused).toEqual({
      not_a_child: 1,
      foreign_device: 2,
      unregistered_device: 2,
      unknown_topic: 2,
      too_large: 1,
    })
    expect(world.status()).toMatchObject({ received: 12, taken: 4, failed: 0, waiting: 0 })
  })

  for (const protocolVersion of [4, 5])
    it(`G4: MQTT ${protocolVersion}: what the other side remembers is no sign of life, and "offline" is a will`, async () => {
      await publish('zhian/v1/GAS-1/status', '{"state":"online"}', true)
      const world = await bridge({ protocolVersion })
      await publish('zhian/v1/GAS-1/status', '{"state":"online"}', true)
      await publish('zhian/v1/GAS-1/status', '{"state":"offline"}', true)
      await until('the live ones came', () => world.intake.came.length === 2)
      expect(world.intake.came.map(({ will }) => will)).toEqual([false, true])
      // MQTT 5 lets a subscriber say that it wants none; in MQTT 3.1.1 it comes and is known by its flag.
      expect(world.status().refused).toEqual(protocolVersion === 5 ? {} : { retained: 1 })
      await publish('zhian/v1/GAS-1/status', '', true)
    })

  it('reads QoS 0 where it is asked to, and no faster than the hub stores', async () => {
    const intake = new HandIntake()
    intake.answer = null
    const world = await bridge({ qos: 0, inFlight: 10 }, intake)
    for (let i = 0; i < 50; i++) await publish(READINGS, String(i))
    await until('as many came as may be on their way', () => intake.came.length === 10)
    expect(intake.came[0]?.qos).toBe(0)
    intake.answer = 'stored'
    intake.settle()
    await until('all came', () => world.status().taken === 50)
    expect(intake.texts()).toEqual(Array.from({ length: 50 }, (_, i) => String(i)))
  })

  it('two connections of a shared subscription take everything once; that they break the order is seen', async () => {
    for (const protocolVersion of [4, 5]) {
      const world = await bridge({ protocolVersion, shared: { connections: 2, spreadBy: 'topic' } })
      const sent = Array.from({ length: 40 }, (_, i) => `${protocolVersion}-${i}`)
      for (const text of sent) await publish(`zhian/v1/GAS-${1 + (Number(text.slice(2)) % 4)}/readings`, text)
      await until('all came', () => world.status().taken === sent.length)
      expect(world.intake.texts().toSorted()).toEqual(sent.toSorted())
      // Mosquitto deals out in turn: with four devices each of two connections has two of them, with three it has all.
      for (let i = 0; i < 9; i++) await publish(`zhian/v1/GAS-${1 + (i % 3)}/readings`, 'x')
      await until('it is seen', () => world.status().unordered)
      expect(world.log.filter(({ line }) => line.includes('order'))).toHaveLength(1)
      await world.stop()
    }
  })

  it('with fewer connections than before nobody swallows a share, and nothing comes twice', async () => {
    const before = await bridge({ name: 'fewer', shared: { connections: 3, spreadBy: 'topic' } })
    await before.stop()
    const world = await bridge({ name: 'fewer', shared: { connections: 2, spreadBy: 'topic' } })
    const sent = Array.from({ length: 30 }, (_, i) => String(i))
    for (const text of sent) await publish(READINGS, text)
    await until('all came', () => new Set(world.intake.texts()).size === sent.length)
    await publish(READINGS, 'last')
    await until('the last one came', () => world.intake.texts().includes('last'))
    expect(world.intake.texts().toSorted()).toEqual([...sent, 'last'].toSorted())
  })

  it('says why it is not connected, and comes back by itself', async () => {
    const port = await freePort()
    const away = startBridge(`mqtt://127.0.0.1:${port}`)
    worlds.push(away)
    await until('it says so', () => away.status().problem?.reason === 'unreachable')
    expect(away.status()).toMatchObject({ state: 'away', connections: { open: 0, of: 1 } })
    expect(away.cut).toEqual([true])

    const world = await bridge()
    const { since } = world.status()
    await mosquitto.stop()
    await until('the cut is seen', () => world.status().state === 'away')
    expect(world.status().since ?? -1).toBeGreaterThanOrEqual(since ?? 0)
    await mosquitto.restart()
    await connected(world)
    expect(world.status()).toMatchObject({ problem: null, sessionsLost: 0 })
    await publish(READINGS, 'after')
    await until('it came', () => world.intake.texts().includes('after'))
    expect(world.cut).toEqual([true, false, true, false])
  })

  it('another client with its id is a cut, which it comes back from with its session', async () => {
    const world = await bridge({ protocolVersion: 5, clientId: 'twice' })
    const other = await client(mosquitto.url, {
      clientId: 'twice',
      protocolVersion: 5,
      clean: false,
      reconnectPeriod: 0,
      properties: { sessionExpiryInterval: 1_000 },
    })
    await until('the cut is seen', () => world.cut.length === 3)
    await connected(world)
    expect(world.status().sessionsLost).toBe(0)
    await other.endAsync(true)
  })

  it('stops in the middle: what is under way is acknowledged, the rest comes again', async () => {
    const world = await bridge({ clientId: 'stopping' })
    world.intake.answer = null
    for (let i = 0; i < 3; i++) await publish(READINGS, String(i))
    await until('all came', () => world.intake.came.length === 3)
    const stopped = world.stop()
    await publish(READINGS, 'not taken')
    world.intake.answer = 'stored'
    world.intake.settle()
    await stopped
    expect(world.status().taken).toBe(3)
    const again = await bridge({ clientId: 'stopping' })
    await until('the rest came', () => again.intake.came.length > 0)
    expect(again.intake.texts()).toEqual(['not taken'])
  })

  it('a session that the other side forgot is said to be lost', async () => {
    const forgetful = await startMosquitto(['allow_anonymous true', 'persistence false'])
    try {
      const world = startBridge(forgetful.url)
      worlds.push(world)
      await connected(world)
      await forgetful.kill()
      await until('the cut is seen', () => world.status().state === 'away')
      await forgetful.restart()
      await until('it is back', () => world.status().state === 'connected')
      expect(world.status().sessionsLost).toBe(1)
    } finally {
      await forgetful.dispose()
    }
  })

  it('a broker that grants less than was asked for is no bridge', async () => {
    const lesser = await startMosquitto(['allow_anonymous true', 'max_qos 0'])
    const world = startBridge(lesser.url)
    worlds.push(world)
    try {
      await until('it says so', () => world.status().problem?.reason === 'subscription_refused')
      expect(world.status().state).toBe('away')
    } finally {
      await world.stop()
      await lesser.dispose()
    }
  })
})

describe.skipIf(MOSQUITTO_MISSING)('a bridge that must prove who it is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zhian-bridge-tls-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('logs in over TLS with a password from a file, and says which of both was refused', async () => {
    const certificate = makeCertificate(folder)
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text, { mode: 0o600 })
      return join(folder, name)
    }
    const users = file('users', 'zhian:correct horse\n')
    spawnSync('mosquitto_passwd', ['-U', users])
    const mosquitto = await startMosquitto([
      'allow_anonymous false',
      `password_file ${users}`,
      `certfile ${certificate.certPath}`,
      `keyfile ${certificate.keyPath}`,
    ])
    const url = mosquitto.url.replace('mqtt:', 'mqtts:')
    const right = {
      username: 'zhian',
      passwordFile: file('right', 'correct horse\n'),
      tls: { caFile: certificate.certPath },
    }
    const worlds = [
      startBridge(url, { ...right, name: 'right' }),
      startBridge(url, { ...right, name: 'wrong', passwordFile: file('wrong', 'battery staple') }),
      startBridge(url, { ...right, name: 'untrusted', tls: {} }),
    ] as const
    try {
      await connected(worlds[0])
      await until('the password is wrong', () => worlds[1].status().problem?.reason === 'login_refused')
      await until('the certificate is not believed', () => worlds[2].status().problem?.reason === 'tls')
      const said = JSON.stringify(worlds.map((world) => [world.log, world.status()]))
      expect(said).not.toMatch(/correct horse|battery staple/)
    } finally {
      await Promise.all(worlds.map((world) => world.stop()))
      await mosquitto.dispose()
    }
  })
})
