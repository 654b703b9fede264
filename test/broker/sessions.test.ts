import { afterEach, describe, expect, it } from 'vitest'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { FlappingWatch } from '../../broker/flapping.ts'
import { InboundQos2 } from '../../broker/inbound-qos2.ts'
import { BoundedPersistence } from '../../broker/persistence.ts'
import { RateLimiter } from '../../broker/rate.ts'
import { Sessions } from '../../broker/sessions.ts'
import { hashToken, newToken, sameHash, tokenMatches } from '../../broker/tokens.ts'
import { ackBytes, openClient, publishBytes, startOpenBroker, subscribeBytes, until } from './harness.ts'
import type { Broker } from '../../broker/broker.ts'

const LIMITS = { qos2Window: 10, sessionMs: 1_000, sessions: 6, sessionsPerDevice: 3 }

describe('sessions', () => {
  const opened = (): { sessions: Sessions; dropped: string[] } => {
    const dropped: string[] = []
    return { sessions: new Sessions(LIMITS, (clientId) => void dropped.push(clientId)), dropped }
  }
  const id = (deviceId: string, n: number) => ({ clientId: `${deviceId}/${n}`, deviceId })

  it('live 24 h beyond their connection and not longer', () => {
    const { sessions, dropped } = opened()
    const inbound = sessions.open(id('d1', 1), false)
    sessions.expire(10_000)
    expect(sessions.size).toBe(1)
    sessions.closed('d1/1', inbound, 10_000)
    sessions.expire(10_999)
    expect(sessions.size).toBe(1)
    sessions.expire(11_000)
    expect([sessions.size, dropped]).toEqual([0, ['d1/1']])
  })

  it('are bounded a device and in all; only offline ones make room', () => {
    const { sessions, dropped } = opened()
    const inbounds = [1, 2, 3].map((n) => sessions.open(id('d1', n), false))
    sessions.open(id('d1', 4), false)
    expect(dropped).toEqual([])
    sessions.closed('d1/2', inbounds[1] as InboundQos2, 0)
    sessions.open(id('d1', 5), false)
    expect(dropped).toEqual(['d1/2'])
    for (const n of [1, 2]) sessions.closed(`d2/${n}`, sessions.open(id('d2', n), false), 0)
    sessions.open(id('d3', 1), false)
    expect(sessions.size).toBe(6)
    expect(dropped).toEqual(['d1/2', 'd2/1'])
  })

  it('keep their QoS 2 state for whoever returns, and a takeover does not close them', () => {
    const { sessions } = opened()
    const first = sessions.open(id('d1', 1), false)
    first.arrive(7, () => {})
    first.settle(7)
    const second = sessions.open(id('d1', 1), false)
    expect(second).toBe(first)
    sessions.closed('d1/1', first, 0)
    sessions.expire(1_000_000)
    expect(sessions.size).toBe(1)
    expect(second.arrive(7, () => {})).toBe('committed')
    expect(sessions.open(id('d1', 1), true).arrive(7, () => {})).toBe('new')
    expect(sessions.size).toBe(0)
  })

  it('of a device end together', () => {
    const { sessions, dropped } = opened()
    for (const n of [1, 2]) sessions.open(id('d1', n), false)
    sessions.open(id('d2', 1), false)
    sessions.forget('d1')
    expect([dropped, sessions.size]).toEqual([['d1/1', 'd1/2'], 1])
  })
})

describe('inbound QoS 2', () => {
  it('commits an id once between two releases, whatever happens in between', () => {
    const step = fc.record({
      what: fc.constantFrom('publish', 'safe', 'failed', 'pubrel'),
      id: fc.integer({ min: 1, max: 4 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const inbound = new InboundQos2(10)
        const committing = new Set<number>()
        const committed = new Set<number>()
        for (const { what, id } of steps) {
          if (what === 'publish') {
            const arrival = inbound.arrive(id, () => {})
            if (arrival === 'full') continue
            expect(arrival).toBe(committed.has(id) ? 'committed' : committing.has(id) ? 'committing' : 'new')
            if (arrival === 'new') committing.add(id)
          } else if (what === 'pubrel') {
            if (committing.has(id)) continue
            inbound.release(id, () => {})
            committed.delete(id)
          } else if (committing.delete(id)) {
            inbound.settle(id, what === 'failed' ? new Error('x') : undefined)
            if (what === 'safe') committed.add(id)
          }
          expect(inbound.size).toBe(committing.size + committed.size)
        }
      }),
    )
  })

  it('a release that comes too early waits for the commit', () => {
    const inbound = new InboundQos2(10)
    let released = 0
    inbound.arrive(1, () => {})
    inbound.release(1, () => (released += 1))
    expect([released, inbound.size]).toEqual([0, 1])
    inbound.settle(1)
    expect([released, inbound.size]).toEqual([1, 0])
  })

  it('tells everyone who waits how it ended', () => {
    const inbound = new InboundQos2(10)
    const told: (Error | undefined)[] = []
    inbound.arrive(1, () => {})
    inbound.arrive(1, (error) => void told.push(error))
    const failure = new Error('disk full')
    inbound.settle(1, failure)
    expect(told).toEqual([failure])
    expect(inbound.arrive(1, () => {})).toBe('new')
  })
})

describe('the rate of a device', () => {
  it('never passes more than the burst and what the time allows, and asks to wait exactly as long as needed', () => {
    const gaps = fc.array(fc.nat(400), { minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20 }), (steps, perSecond, burst) => {
        const limiter = new RateLimiter(perSecond, burst)
        let now = 0
        let passed = 0
        for (const gap of steps) {
          now += gap
          const waitMs = limiter.take('d1', now)
          if (waitMs > 0) {
            expect(limiter.take('d1', now + waitMs * 0.9)).toBeGreaterThan(0)
            now += waitMs
            expect(limiter.take('d1', now + 1e-6)).toBe(0)
          }
          passed += 1
          expect(passed).toBeLessThanOrEqual(burst + (now / 1_000) * perSecond + 1e-3)
        }
      }),
    )
  })

  it('0 is no limit, and devices that owe nothing are forgotten', () => {
    const free = new RateLimiter(0, 1)
    for (let i = 0; i < 1_000; i += 1) expect(free.take('d1', 0)).toBe(0)
    const limiter = new RateLimiter(10, 5)
    limiter.take('d1', 0)
    limiter.charge('d2', 0)
    limiter.charge('d2', 0)
    limiter.sweep(150)
    expect(limiter.devices).toBe(1)
    limiter.sweep(250)
    expect(limiter.devices).toBe(0)
  })

  it('flapping is counted in windows', () => {
    const watch = new FlappingWatch(2, 1_000)
    expect([0, 1, 2, 3].map((now) => watch.login('d1', now))).toEqual([false, false, true, true])
    watch.forgive('d1')
    watch.forgive('d1')
    watch.forgive('d1')
    expect(watch.login('d1', 4)).toBe(false)
    expect(watch.login('d1', 1_000)).toBe(false)
    watch.sweep(5_000)
    expect(watch.login('d1', 5_001)).toBe(false)
  })
})

describe('tokens', () => {
  const key = Buffer.alloc(32, 1)

  it('are 256 random bits in base64url and match only their own hash under the same key', () => {
    const tokens = Array.from({ length: 200 }, newToken)
    expect(new Set(tokens).size).toBe(200)
    for (const token of tokens) expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/)
    const [token, other] = tokens as [string, string]
    const stored = hashToken(key, token)
    expect(tokenMatches(key, token, stored)).toBe(true)
    expect(tokenMatches(key, Buffer.from(token), stored)).toBe(true)
    expect(tokenMatches(key, other, stored)).toBe(false)
    expect(tokenMatches(Buffer.alloc(32, 2), token, stored)).toBe(false)
    expect(tokenMatches(key, token, null)).toBe(false)
    expect(sameHash(stored, stored.subarray(1))).toBe(false)
  })
})

describe('what the broker core remembers', () => {
  let broker: Broker
  let port: number
  afterEach(() => broker?.stop())

  it("passes the core's abstract persistence suite", () => {
    const suite = fileURLToPath(new URL('./persistence-contract.ts', import.meta.url))
    const { status, stdout } = spawnSync(process.execPath, ['--test', suite], { encoding: 'utf8' })
    expect(status, stdout).toBe(0)
    expect(Number(/^. pass (\d+)/m.exec(stdout)?.[1])).toBeGreaterThanOrEqual(45)
  })

  it('an offline session is queued for, in order and up to its bound', async () => {
    ;({ broker, port } = await startOpenBroker({ sessionMessages: 50 }))
    const first = await openClient(port, 's', { clean: false })
    first.send(subscribeBytes([['a/#', 1]]))
    await first.received('suback')
    first.destroy()
    await until(() => broker.counters().connections === 0)
    const publisher = await openClient(port, 'p')
    publisher.send(...Array.from({ length: 60 }, (_, i) => publishBytes('a/b', String(i), 1, i + 1)))
    await publisher.received('puback', 60)
    expect(broker.counters()).toMatchObject({ queued: 50, queueDropped: 10 })
    const second = await openClient(port, 's', { clean: false })
    await second.received('publish', 50)
    expect(second.of('publish').map(({ payload }) => payload.toString())).toEqual(
      Array.from({ length: 50 }, (_, i) => String(i)),
    )
    second.send(...second.of('publish').map(({ messageId }) => ackBytes('puback', messageId as number)))
    await until(() => broker.counters().queued === 0)
  })

  it('retained messages are bounded in number and size, and an empty one clears', () => {
    const persistence = new BoundedPersistence({ sessionMessages: 1, retainedMessages: 2, retainedBytes: 10 })
    const retain = (topic: string, text: string): void =>
      persistence.retain({ cmd: 'publish', topic, payload: Buffer.from(text), qos: 1, retain: true })
    retain('a', 'one')
    retain('b', 'x'.repeat(11))
    retain('b', 'two')
    retain('c', 'three')
    retain('a', 'newer')
    expect([persistence.retainedCount, persistence.drops.retained]).toEqual([2, 2])
    retain('a', '')
    retain('c', 'three')
    expect([persistence.retainedCount, persistence.drops.retained]).toEqual([2, 2])
  })
})
