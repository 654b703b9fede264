import { afterEach, describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import { Framer, NEED_MORE, PACKET, REFUSED } from '../../broker/framer.ts'
import { DEFAULT_LIMITS } from '../../broker/limits.ts'
import { filterTakes, isTopicFilter, isTopicName, readText } from '../../broker/mqtt-text.ts'
import { readConnect, readSubscribe, isUnsubscribe } from '../../broker/packets.ts'
import { figure } from '../bench/row.ts'
import { noteFigures, sizeOf } from '../support/noted-figures.ts'
import { connectBytes, device, publishBytes, RawClient, startBroker, TOKEN, until, type Harness } from './harness.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
/** The 3.1.1 CONNECT header up to the flags; `flags`, keep-alive 10 and the payload follow. */
const connectWith = (flags: string, payload: string): Buffer => {
  const body = hex(`0004 4d515454 04 ${flags} 000a ${payload}`)
  return Buffer.concat([Buffer.from([0x10, body.length]), body])
}
/** user name `d1`, password TOKEN */
const CREDENTIALS = `0002 6431 00${TOKEN.length.toString(16).padStart(2, '0')} ${Buffer.from(TOKEN).toString('hex')}`
const BAD_TEXTS = [
  ['U+0000', '746f700000'],
  ['a surrogate', '746feda080'],
  ['U+FFFF as a surrogate', '746fedbfbf'],
  ['U+0001', '746f700170'],
  ['U+001F', '746f701f70'],
  ['U+007F', '746f707f70'],
  ['U+009F', '746fc29f70'],
  ['an overlong form', '746fc0af70'],
  ['a cut sequence', '746f7070e4'],
] as const

describe('before login', () => {
  let hub: Harness
  afterEach(() => hub.broker.stop())

  it.each([
    ['a will with QoS 3', connectWith('de', `0001 63 0001 74 0001 70 ${CREDENTIALS}`)],
    ['a will QoS without a will', connectWith('ca', `0001 63 ${CREDENTIALS}`)],
    ['a will retain without a will', connectWith('e2', `0001 63 ${CREDENTIALS}`)],
    ['a will without a topic', connectWith('c6', `0001 63 0000 0001 70 ${CREDENTIALS}`)],
    ['a will topic with a wildcard', connectWith('c6', `0001 63 0001 2b 0001 70 ${CREDENTIALS}`)],
    ['the reserved flag', connectWith('c3', `0001 63 ${CREDENTIALS}`)],
    ['a password without a user name', connectWith('42', '0001 63 0001 70')],
    ['bytes behind the last field', connectWith('c2', `0001 63 ${CREDENTIALS} 00`)],
    ['a field that is longer than the packet', connectWith('c2', '0001 63 0002 6431 ffff 70')],
    ['no client id', connectWith('02', '')],
    ['another protocol', hex('10 0d 0004 4d515455 04 02 000a 0001 70')],
    ['a short protocol name', hex('10 0c 0003 4d5154 04 02 000a 0001 70')],
    ['fixed header flags', hex('11 0d 0004 4d515454 04 02 000a 0001 70')],
    ['a length of five bytes', hex('10 ffffffff7f 0004 4d515454')],
    ['a TLS hello', hex('16 0301 0200 01')],
    ['NUL behind a valid prefix', connectWith('02', '0005 746f700000')],
  ])('%s is malformed', async (_, bytes) => {
    hub = await startBroker()
    const client = new RawClient(hub.port)
    client.send(bytes)
    await client.end()
    expect(client.packets).toEqual([])
    expect(hub.broker.counters().refused.malformed).toBe(1)
    expect(hub.credentials.logins).toBe(0)
  })

  it.each(BAD_TEXTS)('%s is refused in client id, user name and will topic', async (_, text) => {
    hub = await startBroker()
    for (const bytes of [
      connectWith('c2', `0005 ${text} ${CREDENTIALS}`),
      connectWith('82', `0001 63 0005 ${text}`),
      connectWith('c6', `0001 63 0005 ${text} 0001 70 ${CREDENTIALS}`),
    ]) {
      const client = new RawClient(hub.port)
      client.send(bytes)
      await client.end()
      expect(client.packets).toEqual([])
    }
    expect(hub.broker.counters().refused.malformed).toBe(3)
  })

  it.each([
    ['PUBLISH', publishBytes('zhian/v1/d1/readings', 'x')],
    ['SUBSCRIBE', hex('82 06 1234 0001 70 00')],
    ['PINGREQ', hex('c0 00')],
    ['DISCONNECT', hex('e0 00')],
    ['CONNACK', hex('20 02 00 00')],
    ['type 0', hex('00 00')],
    ['type 15', hex('f0 00')],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a PROXY header', Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n')],
  ])('%s as the first packet closes', async (_, bytes) => {
    hub = await startBroker()
    const client = new RawClient(hub.port)
    client.send(bytes)
    await client.end()
    expect(client.packets).toEqual([])
    expect(hub.broker.counters().refused.unexpected_packet).toBe(1)
  })
})

describe('after login', () => {
  let hub: Harness
  afterEach(() => hub.broker.stop())

  it.each([
    ['a second CONNECT', connectBytes({ username: 'd1', password: TOKEN })],
    ['CONNACK', hex('20 02 00 00')],
    ['SUBACK', hex('90 03 0001 00')],
    ['PINGRESP', hex('d0 00')],
    ['type 0', hex('00 00')],
    ['AUTH', hex('f0 00')],
    ['PUBLISH with QoS 3', hex('36 06 0001 74 0001 78')],
    ['PUBLISH with DUP at QoS 0', hex('38 04 0001 74 78')],
    ['PUBLISH without a topic', hex('30 03 0000 78')],
    ['PUBLISH with a topic beyond its end', hex('30 03 00ff 78')],
    ['PUBLISH with nothing', hex('30 00')],
    ['PUBLISH to #', hex('30 04 0001 23 78')],
    ['PUBLISH to a+b', hex('30 06 0003 612b62 78')],
    ['PUBLISH QoS 1 without a packet id', hex('32 03 0001 74')],
    ['SUBSCRIBE with packet id 0', hex('82 06 0000 0001 70 00')],
    ['SUBSCRIBE with QoS 3', hex('82 06 0001 0001 70 03')],
    ['SUBSCRIBE with reserved bits', hex('82 06 0001 0001 70 80')],
    ['SUBSCRIBE without a filter', hex('82 02 0001')],
    ['SUBSCRIBE to an empty filter', hex('82 05 0001 0000 00')],
    ['SUBSCRIBE to a/+b', hex('82 09 0001 0004 612f2b62 00')],
    ['SUBSCRIBE to a/#/b', hex('82 0a 0001 0005 612f232f62 00')],
    ['SUBSCRIBE to a#', hex('82 07 0001 0002 6123 00')],
    ['SUBSCRIBE with wrong flags', hex('80 06 0001 0001 70 00')],
    ['UNSUBSCRIBE with packet id 0', hex('a2 05 0000 0001 70')],
    ['UNSUBSCRIBE without a filter', hex('a2 02 0001')],
    ['UNSUBSCRIBE with wrong flags', hex('a0 05 0001 0001 70')],
    ['PUBACK with packet id 0', hex('40 02 0000')],
    ['PUBACK too short', hex('40 01 00')],
    ['PUBACK too long', hex('40 03 0001 00')],
    ['PUBREL with wrong flags', hex('60 02 0001')],
    ['PINGREQ with a body', hex('c0 01 00')],
    ['PINGREQ with flags', hex('c1 00')],
    ['DISCONNECT with a body', hex('e0 01 00')],
    ['a length of five bytes', hex('30 ffffffff7f')],
  ])('%s closes', async (_, bytes) => {
    hub = await startBroker()
    const client = await device(hub.port, 'd1')
    client.send(bytes)
    await client.end()
    expect(client.packets).toHaveLength(1)
    const { malformed, unexpected_packet } = hub.broker.counters().refused
    expect(malformed + unexpected_packet).toBe(1)
    expect(hub.intake.messages).toEqual([])
  })

  it('PUBLISH with packet id 0 closes', async () => {
    hub = await startBroker()
    const client = await device(hub.port, 'd1')
    const bytes = publishBytes('zhian/v1/d1/readings', 'x', 1, 1)
    bytes.writeUInt16BE(0, bytes.length - 3)
    client.send(bytes)
    await client.end()
    expect(hub.broker.counters().refused.malformed).toBe(1)
  })

  it.each(BAD_TEXTS)('%s is refused in topics and filters', async (_, text) => {
    hub = await startBroker()
    for (const bytes of [
      hex(`30 08 0005 ${text} 78`),
      hex(`82 0a 0001 0005 ${text} 00`),
      hex(`a2 09 0001 0005 ${text}`),
    ]) {
      const client = await device(hub.port, 'd1')
      client.send(bytes)
      await client.end()
    }
    expect(hub.broker.counters().refused.malformed).toBe(3)
  })

  it('a topic of more than a hundred levels closes and does not reach the matcher', async () => {
    hub = await startBroker()
    const client = await device(hub.port, 'd1')
    client.send(publishBytes('a/'.repeat(200), 'x'))
    await client.end()
    expect(hub.errors).toEqual([])
  })
})

describe('the framer', () => {
  const packetsOf = (chunks: Buffer[]): { packets: string[]; refused: string | null } => {
    const framer = new Framer(DEFAULT_LIMITS)
    framer.loggedIn()
    const packets: string[] = []
    for (const chunk of chunks) {
      framer.add(chunk)
      for (let found = framer.next(); found !== NEED_MORE; found = framer.next()) {
        if (found === REFUSED) return { packets, refused: framer.reason }
        if (found === PACKET) packets.push(framer.bytes.subarray(framer.packetStart, framer.end).toString('hex'))
      }
    }
    return { packets, refused: null }
  }

  const cut = (bytes: Buffer, at: number[]): Buffer[] => {
    const ends = [...new Set(at.map((x) => x % (bytes.length + 1)))].sort((a, b) => a - b)
    return [...ends, bytes.length].map((end, i) => bytes.subarray(i === 0 ? 0 : (ends[i - 1] as number), end))
  }

  it('finds the same packets however the stream is cut', () => {
    const publication = fc.record({
      payload: fc.uint8Array({ maxLength: 300 }),
      qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
    })
    fc.assert(
      fc.property(fc.array(publication, { minLength: 1, maxLength: 12 }), fc.array(fc.nat(4_000)), (messages, at) => {
        const whole = messages.map(({ payload, qos }, i) => publishBytes('a/b', Buffer.from(payload), qos, i + 1))
        const found = packetsOf(cut(Buffer.concat(whole), at))
        expect(found).toEqual({ packets: whole.map((bytes) => bytes.toString('hex')), refused: null })
      }),
      { numRuns: 300 },
    )
  })

  it('judges any bytes the same however they are cut, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(200)), (bytes, at) => {
        const whole = packetsOf([Buffer.from(bytes)])
        expect(packetsOf(cut(Buffer.from(bytes), at))).toEqual(whole)
      }),
      { numRuns: 2_000 },
    )
  })

  it('refuses by the declared length, before the bytes are there', () => {
    const framer = new Framer(DEFAULT_LIMITS)
    framer.add(hex('10 ffffff7f'))
    expect(framer.next()).toBe(REFUSED)
    expect(framer.reason).toBe('connect_too_large')
    expect(packetsOf([hex('30 ffffff7f')]).refused).toBe('packet_too_large')
    expect(packetsOf([hex('82 ffffff7f')]).refused).toBe('packet_too_large')
  })

  it('a long topic does not eat into the payload', () => {
    const topic = 'x'.repeat(60_000)
    const packet = publishBytes(topic, Buffer.alloc(65_536), 1, 1)
    expect(packetsOf(cut(packet, [3, 5, 6, 70_000])).packets).toHaveLength(1)
    expect(packetsOf([publishBytes(topic, Buffer.alloc(65_537), 1, 1)]).refused).toBe('packet_too_large')
  })
})

describe('bodies and texts', () => {
  it('readers never throw on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (array) => {
        const bytes = Buffer.from(array)
        readConnect(0x10, bytes, 0, bytes.length)
        readSubscribe(bytes, 0, bytes.length)
        isUnsubscribe(bytes, 0, bytes.length)
        const text = readText(bytes, 0, bytes.length)
        if (text !== null) {
          expect(Buffer.from(text)).toEqual(bytes)
          isTopicName(text)
          isTopicFilter(text)
        }
      }),
      { numRuns: 3_000 },
    )
  })

  it('Chinese and emoji topics are texts', () => {
    for (const text of ['县/镇/村', '𪛔', 'a\u{fe0f}', '\u{feff}x']) {
      const bytes = Buffer.from(text)
      expect(readText(bytes, 0, bytes.length)).toBe(text)
    }
  })

  it.each([
    ['a/b', 'a/b', true],
    ['a/+', 'a/b', true],
    ['a/+', 'a/', true],
    ['a/+', 'a', false],
    ['+', '/a', false],
    ['/+', '/a', true],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['#', 'a/b', true],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
    ['a/b', 'a/b/c', false],
  ])('the filter %s takes %s: %s', (filter, topic, takes) => {
    expect(filterTakes(filter, topic)).toBe(takes)
  })
})

describe('row 21', () => {
  const JUDGED = sizeOf('CHAOS_JUDGED', 200_000)
  const SENT = sizeOf('CHAOS_SENT', 200_000)
  let state = 0
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const seeds = [
    publishBytes('zhian/v1/evil/readings', '{"values":{"__proto__":{"polluted":1}}}', 1, 5),
    publishBytes('zhian/v1/evil/__proto__', 'x', 2, 5),
    Buffer.concat([hex('82 1b 0001 0016'), Buffer.from('zhian/v1/evil/commands'), hex('01')]),
    hex('a2 05 0001 0001 70'),
    hex('62 02 0005'),
    hex('40 02 0005'),
    hex('50 02 0005'),
    hex('c0 00'),
    connectBytes({ username: '__proto__', password: TOKEN, clientId: 'constructor' }),
  ]
  const malform = (): Buffer => {
    const out = Buffer.from(seeds[random(seeds.length)] as Buffer)
    for (let n = 1 + random(4); n > 0; n -= 1) out[random(out.length)] = random(256)
    const how = random(4)
    if (how === 0) return out.subarray(0, 1 + random(out.length))
    return how === 1 ? Buffer.concat([out, Buffer.from([random(256), random(256), random(256)])]) : out
  }

  it(
    `${JUDGED} malformed packets are judged one by one without a throw`,
    () => {
      state = 20_261_121
      let refused = 0
      for (let i = 0; i < JUDGED; i += 1) {
        const bytes = malform()
        const framer = new Framer(DEFAULT_LIMITS)
        if (i % 4 !== 0) framer.loggedIn()
        framer.add(bytes)
        const found = framer.next()
        if (found === REFUSED) refused += 1
        if (found !== PACKET) continue
        const { header, start, end } = framer
        if (header >> 4 === 1) readConnect(header, framer.bytes, start, end)
        if (header >> 4 === 8) readSubscribe(framer.bytes, start, end)
        if (header >> 4 === 10) isUnsubscribe(framer.bytes, start, end)
      }
      expect(refused).toBeGreaterThan(JUDGED / 10)
      expect(Object.keys(Object.prototype)).toEqual([])
      noteFigures(figure('packets judged in the parser', JUDGED, ''))
    },
    60_000 + JUDGED / 10,
  )

  it(
    `${SENT} malformed packets over ${SENT / 50} connections: no death, a clean prototype, valid traffic unharmed`,
    async () => {
      state = 20_261_122
      const hub = await startBroker({ loginsPerWindow: 1_000_000, connectionsPerDevice: 1_000 })
      const honest = await device(hub.port, 'honest')
      const attackers = { done: false }
      let sent = 0
      const traffic = (async () => {
        while (!attackers.done) {
          sent += 1
          honest.send(publishBytes('zhian/v1/honest/readings', String(sent), 1, (sent % 65_535) + 1))
          await honest.received('puback', sent)
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      })()

      // Most connections log in first; each goes on with garbage until the broker closes it.
      const login = connectBytes({ username: 'evil', password: TOKEN, clientId: '' })
      let malformed = 0
      const attack = async (): Promise<void> => {
        while (malformed < SENT) {
          const batch = Array.from({ length: 50 }, malform)
          malformed += batch.length
          const client = new RawClient(hub.port)
          client.send(...(random(4) === 0 ? [] : [login]), ...batch)
          client.socket.end()
          await client.end()
        }
      }
      await Promise.all(Array.from({ length: 16 }, attack))
      attackers.done = true
      await traffic

      const mine = hub.intake.messages.filter(({ deviceId }) => deviceId === 'honest')
      expect(mine).toHaveLength(sent)
      expect(honest.closed).toBe(false)
      expect(hub.intake.messages.every(({ publisherId, deviceId }) => publisherId === deviceId)).toBe(true)
      expect(Object.keys(Object.prototype)).toEqual([])
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
      expect(hub.errors).toEqual([])
      const { refused } = hub.broker.counters()
      expect(refused.internal).toBe(0)
      expect(refused.malformed).toBeGreaterThan(100)
      expect(refused.unexpected_packet).toBeGreaterThan(100)
      expect(refused.publish_denied).toBeGreaterThan(100)
      honest.destroy()
      await until(() => hub.broker.counters().connections === 0)
      expect(hub.broker.counters()).toMatchObject({ unauthenticated: 0, inFlight: 0, inFlightBytes: 0 })
      await hub.broker.stop()
      noteFigures(
        figure('packets over the wire', malformed, ''),
        figure('valid messages beside them, all taken', sent, ''),
      )
    },
    60_000 + SENT / 2,
  )
})
