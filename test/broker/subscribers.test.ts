import { afterEach, describe, expect, it } from 'vitest'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import {
  ackBytes,
  device,
  openClient,
  PINGREQ,
  publishBytes,
  startBroker,
  startOpenBroker,
  subscribeBytes,
  until,
  type Harness,
  type RawClient,
} from './harness.ts'
import { percentile } from '../bench/percentile.ts'
import { atMost, figure } from '../bench/row.ts'
import { noteFigures } from '../support/noted-figures.ts'
import type { Broker } from '../../broker/broker.ts'
import { DEFAULT_LIMITS } from '../../broker/limits.ts'

/**
 * Nobody waits for a frozen one, which would be for most of the time that it is given; and waits are usually as short as without
 * it, or within the matrix's 200 ms. (The worst few of some dozen say how busy the machine is with other things.)
 */
function expectUnharmed(waits: number[], alone: number[], backlogMs: number): void {
  const usual = (list: number[]): number => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] as number
  expect(Math.max(...waits)).toBeLessThan(backlogMs / 2)
  expect(usual(waits)).toBeLessThan(Math.max(200, 5 * usual(alone)))
  noteFigures(
    atMost('others’ alarm beside slow ones, p99', percentile(waits, 0.99), 'ms', 200),
    figure('others’ alarm without them, p99', percentile(alone, 0.99), 'ms'),
  )
}

describe('commands', () => {
  let hub: Harness
  afterEach(() => hub.broker.stop())

  const listening = async (deviceId: string, qos: 0 | 1 | 2 = 1, clean = true): Promise<RawClient> => {
    const client = await device(hub.port, deviceId, { clean, clientId: 'c' })
    client.send(subscribeBytes([[`zhian/v1/${deviceId}/commands`, qos]]))
    await client.received('suback')
    return client
  }

  it('a connected subscriber takes a command and its PUBACK is told', async () => {
    hub = await startBroker()
    const client = await listening('d1')
    let delivered = 0
    expect(hub.broker.publishCommand('d1', '{"id":"1"}', { delivered: () => (delivered += 1) })).toBe(true)
    await client.received('publish')
    const [command] = client.of('publish')
    expect(command).toMatchObject({ topic: 'zhian/v1/d1/commands', qos: 1, retain: false, dup: false })
    expect(delivered).toBe(0)
    client.send(ackBytes('puback', command?.messageId as number))
    await until(() => delivered === 1)
    client.send(ackBytes('puback', command?.messageId as number), PINGREQ)
    await client.received('pingresp')
    expect(delivered).toBe(1)
  })

  it('a subscription at QoS 0 gets it at QoS 0, one at QoS 2 at QoS 1', async () => {
    hub = await startBroker()
    for (const [name, asked, sent] of [
      ['d0', 0, 0],
      ['d2', 2, 1],
    ] as const) {
      const client = await listening(name, asked)
      expect(hub.broker.publishCommand(name, 'x')).toBe(true)
      await client.received('publish')
      expect(client.of('publish')[0]?.qos).toBe(sent)
    }
  })

  it('nobody there, nobody subscribed, or unsubscribed: false, and nothing is kept', async () => {
    hub = await startBroker()
    expect(hub.broker.publishCommand('d1', 'x')).toBe(false)
    const client = await device(hub.port, 'd1')
    expect(hub.broker.publishCommand('d1', 'x')).toBe(false)
    client.send(subscribeBytes([['zhian/v1/d1/commands', 1]]))
    await client.received('suback')
    client.send(Buffer.concat([Buffer.from([0xa2, 2 + 2 + 20, 0, 2, 0, 20]), Buffer.from('zhian/v1/d1/commands')]))
    await client.received('unsuback')
    expect(hub.broker.publishCommand('d1', 'x')).toBe(false)
    expect(hub.broker.counters()).toMatchObject({ queued: 0, commandsSent: 0 })
  })

  it('G7: what was not acknowledged before the connection broke is not repeated on the next one', async () => {
    hub = await startBroker()
    const first = await listening('d1', 1, false)
    expect(hub.broker.publishCommand('d1', 'open')).toBe(true)
    await first.received('publish')
    first.destroy()
    await until(() => !hub.broker.isConnected('d1'))
    expect(hub.broker.publishCommand('d1', 'open again')).toBe(false)
    const second = await device(hub.port, 'd1', { clean: false, clientId: 'c' })
    expect(second.of('connack')[0]?.sessionPresent).toBe(true)
    expect(hub.broker.publishCommand('d1', 'close')).toBe(true)
    await second.received('publish')
    second.send(PINGREQ)
    await second.received('pingresp')
    expect(second.of('publish').map(({ payload }) => payload.toString())).toEqual(['close'])
  })

  it('G7: what lies in a frozen line until it expires does not arrive when the line thaws', async () => {
    hub = await startBroker()
    const proxy = await startTcpProxy({ port: hub.port })
    try {
      const client = await device(proxy.port, 'd1', { clientId: 'c' })
      client.send(subscribeBytes([['zhian/v1/d1/commands', 1]]))
      await client.received('suback')
      expect(hub.broker.listens('d1')).toBe(true)
      proxy.freeze()
      expect(hub.broker.publishCommand('d1', 'open', { withinMs: 200 })).toBe(true)
      await until(() => hub.broker.counters().refused.command_unacknowledged === 1)
      expect(hub.broker.listens('d1')).toBe(false)
      expect(hub.refused.at(-1)).toMatchObject({ reason: 'command_unacknowledged', deviceId: 'd1' })
      const ended = new Promise((resolve) => client.socket.once('close', resolve))
      // The reset reaches the other end of the line within a few turns of this process, which is both ends.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 10))
      proxy.thaw()
      await ended
      expect(client.of('publish')).toEqual([])
    } finally {
      await proxy.stop()
    }
  })

  it('a command that was acknowledged in time cuts nothing', async () => {
    hub = await startBroker()
    const client = await listening('d1')
    hub.broker.publishCommand('d1', 'x', { withinMs: 500 })
    await client.received('publish')
    client.send(ackBytes('puback', client.of('publish')[0]?.messageId as number))
    // Two looks of the broker's clock later it is still there.
    await new Promise((resolve) => setTimeout(resolve, 2_200))
    expect(hub.broker.isConnected('d1')).toBe(true)
  })

  it('of two connections of a device the newest that listens takes it, once', async () => {
    hub = await startBroker()
    const older = await device(hub.port, 'd1', { clientId: 'older' })
    older.send(subscribeBytes([['zhian/v1/d1/commands', 1]]))
    await older.received('suback')
    const newer = await listening('d1')
    expect(hub.broker.publishCommand('d1', 'x')).toBe(true)
    await newer.received('publish')
    older.send(PINGREQ)
    await older.received('pingresp')
    expect(older.of('publish')).toEqual([])
  })

  it('commands without an acknowledgement are bounded', async () => {
    hub = await startBroker({ commandsInFlight: 5 })
    await listening('d1')
    const taken = Array.from({ length: 8 }, () => hub.broker.publishCommand('d1', 'x'))
    expect(taken).toEqual([true, true, true, true, true, false, false, false])
  })

  it('row 12: a device that stops reading its commands is ended, others do not notice', async () => {
    const backlogMs = 2_000
    hub = await startBroker({ backlogMs, commandsInFlight: 60_000 })
    const frozen = await listening('frozen')
    frozen.socket.pause()
    const brisk = await device(hub.port, 'brisk')
    const payload = Buffer.alloc(60_000)
    const waits: number[] = []
    let id = 0
    const answered = async (): Promise<number> => {
      const from = performance.now()
      id += 1
      brisk.send(publishBytes('zhian/v1/brisk/events', 'alarm', 1, id))
      await brisk.received('puback', id)
      return performance.now() - from
    }
    while (hub.broker.isConnected('frozen')) {
      for (let i = 0; i < 10; i += 1) hub.broker.publishCommand('frozen', payload)
      waits.push(await answered())
    }
    const alone: number[] = []
    while (alone.length < waits.length) alone.push(await answered())
    expect(hub.broker.counters().refused.slow_consumer).toBe(1)
    expect(hub.refused.at(-1)).toMatchObject({ reason: 'slow_consumer', deviceId: 'frozen' })
    expectUnharmed(waits, alone, backlogMs)
  })

  it('row 12: a publisher that never reads its acknowledgements is ended', async () => {
    hub = await startBroker({ backlogMs: 1_000, backlogBytes: 65_536 })
    const deaf = await device(hub.port, 'deaf')
    deaf.socket.pause()
    const batch = Buffer.concat(
      Array.from({ length: 5_000 }, (_, i) => publishBytes('zhian/v1/deaf/events', '', 1, i + 1)),
    )
    const flood = setInterval(() => {
      if (deaf.socket.writableLength < 1_000_000) deaf.send(batch)
    }, 1)
    await until(() => hub.broker.counters().refused.slow_consumer === 1)
    clearInterval(flood)
    deaf.destroy()
  })
})

describe('subscribers under the open policy', () => {
  let broker: Broker
  let port: number
  afterEach(() => broker.stop())

  const subscriber = async (name: string, filter: string, qos: 0 | 1 | 2, clean = true): Promise<RawClient> => {
    const client = await openClient(port, name, { clean })
    client.send(subscribeBytes([[filter, qos]]))
    await client.received('suback')
    return client
  }

  it('row 12: one frozen subscriber and one that reads 1 KB/s: the others get all alarms, the two are ended', async () => {
    ;({ broker, port } = await startOpenBroker())
    const frozen = await subscriber('frozen', '#', 0)
    frozen.socket.pause()
    const slow = await subscriber('slow', '#', 1)
    slow.socket.pause()
    const sip = setInterval(() => void slow.socket.read(100), 100)
    const watcher = await subscriber('watcher', 'alarm', 1)
    const publishers = await Promise.all(Array.from({ length: 20 }, (_, i) => openClient(port, `p${i}`)))
    const flood = setInterval(() => {
      for (const client of publishers) {
        if (client.socket.writableLength < 500_000) client.send(publishBytes('noise', Buffer.alloc(10_000)))
      }
    }, 2)
    const waits: number[] = []
    const alarms = await openClient(port, 'alarms')
    const from = performance.now()
    let id = 0
    const delivered = async (): Promise<number> => {
      const sentAt = performance.now()
      id += 1
      alarms.send(publishBytes('alarm', String(id), 1, id))
      await watcher.received('publish', id)
      return performance.now() - sentAt
    }
    let kickedAfter = 0
    while (waits.length < 59 || broker.counters().refused.slow_consumer < 2) {
      waits.push(await delivered())
      if (broker.counters().refused.slow_consumer < 2) kickedAfter = performance.now() - from
      if (performance.now() - from > 20_000) throw new Error('the slow subscribers were not ended')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const alone: number[] = []
    while (alone.length < 59) alone.push(await delivered())
    clearInterval(flood)
    clearInterval(sip)
    expectUnharmed(waits, alone, DEFAULT_LIMITS.backlogMs)
    expect(publishers.every(({ closed }) => !closed)).toBe(true)
    noteFigures(atMost('both ended after the flood began', kickedAfter, 'ms', 5_000))
    frozen.destroy()
    slow.destroy()
  })

  it.each([true, false])('row 13: QoS 1 among a QoS 0 flood, 10,000 of 10,000, clean session %s', async (clean) => {
    ;({ broker, port } = await startOpenBroker())
    const watcher = await subscriber('watcher', 'topic/#', 1, clean)
    const seen: number[] = []
    let flood = 0
    watcher.socket.on('data', () => {
      for (const packet of watcher.packets.splice(0)) {
        if (packet.cmd !== 'publish') continue
        if (packet.qos === 0) {
          flood += 1
        } else {
          seen.push(Number(packet.payload.toString()))
          watcher.send(ackBytes('puback', packet.messageId as number))
        }
      }
    })
    const publisher = await openClient(port, 'publisher')
    for (let from = 1; from <= 10_000; from += 200) {
      const batch = Array.from({ length: 200 }, (_, i) => [
        publishBytes('topic/alarm', String(from + i), 1, from + i),
        publishBytes('topic/noise', 'x'),
      ])
      publisher.send(...batch.flat())
      await publisher.received('puback', from + 199)
    }
    await until(() => seen.length >= 10_000, '10,000 alarms')
    expect(seen).toEqual(Array.from({ length: 10_000 }, (_, i) => i + 1))
    await until(() => flood === 10_000, 'the flood')
  })
})

describe('row 13: into the intake', () => {
  it.each([0, 1, 5, 20])(
    'QoS 1 among a QoS 0 flood, store delay %i ms: 10,000 of 10,000, in order',
    async (delayMs) => {
      const hub = await startBroker()
      // A store that commits in groups, the group growing while it is busy.
      let group: (() => void)[] = []
      hub.intake.settle = (_message, done) => {
        if (delayMs === 0) return done()
        group.push(done)
        if (group.length > 1) return
        setTimeout(() => {
          const committed = group
          group = []
          for (const each of committed) each()
        }, delayMs)
      }
      const clients = await Promise.all([1, 2, 3, 4].map((i) => device(hub.port, `d${i}`)))
      await Promise.all(
        clients.map(async (client, i) => {
          const name = `d${i + 1}`
          const ids = Array.from({ length: 2_500 }, (_, k) => k + 1)
          client.send(
            ...ids.flatMap((id) => [
              publishBytes(`zhian/v1/${name}/events`, String(id), 1, id),
              publishBytes(`zhian/v1/${name}/readings`, 'x'),
            ]),
          )
          await client.received('puback', 2_500)
          expect(client.ids('puback')).toEqual(ids)
          const mine = hub.intake.messages.filter(({ deviceId, qos }) => deviceId === name && qos === 1)
          expect(mine.map(({ payload }) => Number(payload.toString()))).toEqual(ids)
        }),
      )
      expect(hub.broker.counters().stored).toBeGreaterThanOrEqual(10_000)
      await hub.broker.stop()
    },
  )
})
