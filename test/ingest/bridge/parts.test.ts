// The parts of a bridge that decide: patterns of topics, acknowledgements in their order, order over several connections,
// the words for what ends a connection.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { childTopic, parseUpTopic, UP_CHANNELS, upTopic } from '../../../contract/topics.ts'
import { problemOf, problemOfDisconnect } from '../../../ingest/bridge/line-problem.ts'
import { OrderWatch } from '../../../ingest/bridge/order.ts'
import { Owed } from '../../../ingest/bridge/owed.ts'
import { NATIVE_PATTERNS, patternProblem, TopicPattern } from '../../../ingest/bridge/topic-patterns.ts'

describe('patterns of topics', () => {
  const native = NATIVE_PATTERNS.map((pattern) => new TopicPattern(pattern, undefined))
  const readNative = (topic: string) => native.map((pattern) => pattern.read(topic)).find((parts) => parts !== null)

  it('by default read what the hub’s own broker reads', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/)
    const level = fc.oneof(id, fc.constantFrom('', '+', '#', 'children', 'zhian', 'v1', 'commands', ...UP_CHANNELS))
    const topic = fc.oneof(
      fc.tuple(id, fc.constantFrom(...UP_CHANNELS)).map(([device, channel]) => upTopic(device, channel)),
      fc.tuple(id, id, fc.constantFrom(...UP_CHANNELS)).map((parts) => childTopic(...parts)),
      fc.array(level, { minLength: 1, maxLength: 7 }).map((levels) => ['zhian', 'v1', ...levels].join('/')),
    )
    fc.assert(
      fc.property(topic, (text) => {
        expect(readNative(text) ?? null).toEqual(parseUpTopic(text))
      }),
    )
  })

  it('take what an arrangement of its own puts where', () => {
    const pattern = new TopicPattern('plant/+/{device}/up', 'readings')
    expect(pattern.filter).toBe('plant/+/+/up')
    expect(pattern.read('plant/7/GAS-1/up')).toEqual({ deviceId: 'GAS-1', gatewayId: null, channel: 'readings' })
    for (const topic of ['plant/7/GAS-1/down', 'plant/GAS-1/up', 'plant/7/一/up', 'plant/7/GAS-1/up/x'])
      expect(pattern.read(topic)).toBeNull()
  })

  it('are refused where they could not be read', () => {
    for (const [pattern, channel, problem] of [
      ['a/{channel}', undefined, 'no_device'],
      ['a/{device}', undefined, 'no_channel'],
      ['a/{device}/{channel}', 'readings', 'two_channels'],
      ['{device}/{device}/{channel}', undefined, 'twice'],
      ['a//{device}/{channel}', undefined, 'not_a_level'],
      ['a/#', 'readings', 'not_a_level'],
      ['$share/g/{device}/{channel}', undefined, 'not_a_level'],
      ['a/x{device}/{channel}', undefined, 'not_a_level'],
      ['a/{gateway}/{device}/{channel}', undefined, null],
    ] as const)
      expect([pattern, patternProblem(pattern, channel)]).toEqual([pattern, problem])
  })
})

describe('acknowledgements that are owed', () => {
  it('G1: are given in the order in which the messages came, each after its own commit', () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(ids, fc.infiniteStream(fc.nat()), fc.infiniteStream(fc.boolean()), (came, choices, flushes) => {
        const owed = new Owed()
        const open = came.map((id) => ({ id, settle: owed.add(id) }))
        const settled = new Set<number>()
        const given: number[] = []
        const take = (): void => {
          const bytes = owed.take() ?? Buffer.alloc(0)
          for (let at = 0; at < bytes.length; at += 4) {
            expect(bytes.readUInt16BE(at)).toBe(0x4002)
            given.push(bytes.readUInt16BE(at + 2))
          }
          for (const id of given) expect(settled.has(id)).toBe(true)
        }
        while (open.length > 0) {
          const [next] = open.splice((choices.next().value as number) % open.length, 1)
          settled.add(next!.id)
          next!.settle()
          if (flushes.next().value) take()
        }
        take()
        expect(given).toEqual(came)
        expect(owed.length).toBe(0)
      }),
    )
  })

  it('of a message that nobody waits for, none', () => {
    const owed = new Owed()
    owed.add(null)()
    expect(owed.take()).toBeNull()
    expect(owed.length).toBe(0)
  })
})

describe('the order over several connections', () => {
  it('is broken when a device changes between two that were open all the time', () => {
    const watch = new OrderWatch()
    watch.saw('A', 0, 100, [10, 20])
    watch.saw('B', 1, 110, [10, 20])
    watch.saw('A', 0, 120, [10, 20])
    expect(watch.broken).toBe(false)
    watch.saw('A', 1, 130, [10, 20])
    expect(watch.broken).toBe(true)
  })

  it('is not, when the broker dealt anew because one came or went', () => {
    const watch = new OrderWatch()
    watch.saw('A', 0, 100, [10, 20])
    watch.saw('A', 1, 130, [null, 20])
    watch.saw('A', 0, 160, [150, 20])
    watch.saw('A', 0, 170, [150, 20])
    expect(watch.broken).toBe(false)
  })
})

describe('what ended a connection', () => {
  const coded = (code: string | number, message = 'said'): Error => Object.assign(new Error(message), { code })

  it('is said in the hub’s words', () => {
    for (const [error, reason] of [
      [coded('ECONNREFUSED'), 'unreachable'],
      [coded('ENOTFOUND'), 'unreachable'],
      [coded('ECONNRESET'), 'cut'],
      [coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'tls'],
      [coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'tls'],
      [coded(5), 'login_refused'],
      [coded(134), 'login_refused'],
      [coded(136), 'unreachable'],
      [coded(2), 'protocol'],
      [new Error('connack timeout'), 'timeout'],
      [new Error('Keepalive timeout'), 'timeout'],
      [new Error('Invalid header flag bits'), 'protocol'],
    ] as const)
      expect([error.message, problemOf(error).reason]).toEqual([error.message, reason])
  })

  it('also where the other side took leave', () => {
    expect(problemOfDisconnect({ reasonCode: 142 })).toEqual({ reason: 'taken_over', detail: 'reason code 142' })
    expect(problemOfDisconnect({})).toEqual({ reason: 'cut', detail: '' })
  })
})
