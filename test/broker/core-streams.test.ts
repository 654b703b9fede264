// What stands between a connection and the broker core: the tunnel, and the parser that all clients share.
import { describe, expect, it } from 'vitest'
import type { Packet } from 'mqtt-packet'
import { publish } from '../../broker/packets.ts'
import { ClientParser, SharedParser } from '../../broker/shared-parser.ts'
import { Tunnel } from '../../broker/tunnel.ts'

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const puback = (id: number): Buffer => Buffer.from([0x40, 2, id >> 8, id & 0xff])

function client(shared: SharedParser) {
  const taken: Packet[] = []
  const errors: Error[] = []
  const parser = new ClientParser(shared, { emit: (_event, error) => errors.push(error) > 0 }, (packet) => {
    taken.push(packet)
  })
  return { parser, taken, errors }
}

describe('the shared parser', () => {
  it('gives every client its own packets, in order, several at once too', () => {
    const shared = new SharedParser()
    const [a, b] = [client(shared), client(shared)]
    a.parser.parse(Buffer.concat([puback(1), puback(2)]))
    b.parser.parse(puback(3))
    a.parser.parse(publish('a/b', Buffer.from('x'), 1, 4))
    expect(a.taken.map(({ cmd, messageId }) => [cmd, messageId])).toEqual([
      ['puback', 1],
      ['puback', 2],
      ['publish', 4],
    ])
    expect(b.taken.map(({ messageId }) => messageId)).toEqual([3])
  })

  it.each([
    ['half a packet', puback(9).subarray(0, 3)],
    ['a packet that cannot be', Buffer.from([0xf0, 3, 0, 0, 0])],
  ])('ends the client of %s, and nothing of it reaches the next one', (_name, bytes) => {
    const shared = new SharedParser()
    const [wrong, right] = [client(shared), client(shared)]
    wrong.parser.parse(Buffer.concat([puback(1), bytes]))
    right.parser.parse(puback(2))
    expect(wrong.taken[0]?.messageId).toBe(1)
    expect(wrong.errors).toHaveLength(1)
    expect(right.taken.map(({ messageId }) => messageId)).toEqual([2])
    expect(right.errors).toEqual([])
  })

  it('takes nothing for a client that a packet has ended', () => {
    const taken: (number | undefined)[] = []
    const parser = new ClientParser(new SharedParser(), { emit: () => true }, function (packet) {
      taken.push(packet.messageId)
      this.removeAllListeners()
    })
    parser.parse(Buffer.concat([puback(1), puback(2)]))
    parser.parse(puback(3))
    expect(taken).toEqual([1])
  })
})

function tunnel() {
  const sent: { bytes: Buffer; done: (error?: Error | null) => void }[] = []
  const calls: string[] = []
  const made = new Tunnel({
    send: (bytes, done) => void sent.push({ bytes, done }),
    coreReads: () => void calls.push('reads'),
    coreClosed: () => void calls.push('closed'),
  })
  for (const event of ['readable', 'drain', 'end']) made.on(event, () => void calls.push(event))
  return { made, sent, calls }
}

describe('the tunnel', () => {
  it('announces what came in one turn once, and gives all of it at once', async () => {
    const { made, calls } = tunnel()
    made.push(puback(1))
    made.push(puback(2))
    await nextTurn()
    expect(calls).toEqual(['readable'])
    expect(made.read()).toEqual(Buffer.concat([puback(1), puback(2)]))
    expect(made.read()).toBeNull()
    made.push(puback(3))
    await nextTurn()
    expect(calls).toEqual(['readable', 'reads', 'readable'])
  })

  it('asks the door to wait while the core is behind', () => {
    const { made, calls } = tunnel()
    expect(made.push(Buffer.alloc(65_535))).toBe(true)
    expect(made.push(Buffer.alloc(1))).toBe(false)
    made.read()
    expect(calls).toEqual(['reads'])
    expect(made.push(Buffer.alloc(1))).toBe(true)
  })

  it('sends the parts of a packet as one', () => {
    const { made, sent } = tunnel()
    made.cork()
    made.cork()
    made.write('ab')
    made.write(Buffer.from('c'))
    made.uncork()
    expect([sent.length, made.heldBytes]).toEqual([0, 3])
    made.uncork()
    expect([sent.map(({ bytes }) => bytes.toString()), made.heldBytes]).toEqual([['abc'], 0])
  })

  it('makes the core wait beyond a megabyte that nobody took, until all of it is taken', () => {
    const { made, sent, calls } = tunnel()
    expect(made.write(Buffer.alloc(1_048_575))).toBe(true)
    expect(made.write(Buffer.alloc(1))).toBe(false)
    sent[0]?.done()
    expect(calls).toEqual([])
    expect(made.write(Buffer.alloc(1))).toBe(false)
    sent[1]?.done()
    sent[2]?.done()
    expect(calls).toEqual(['drain'])
    expect(made.write(Buffer.alloc(1))).toBe(true)
  })

  it('ends once, however it ends, and then takes and gives nothing', async () => {
    const { made, sent, calls } = tunnel()
    made.push(puback(1))
    made.write('a')
    sent[0]?.done(new Error('connection closed'))
    made.destroy()
    await nextTurn()
    expect(calls).toEqual(['closed', 'end'])
    expect(made.read()).toBeNull()
    made.write('b')
    made.push(puback(2))
    await nextTurn()
    expect([calls.length, sent.length]).toEqual([2, 1])
  })
})
