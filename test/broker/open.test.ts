// The broker under the open policy, as a process of its own: what public MQTT 3.1.1 suites ask of a broker, in our own words.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import {
  ackBytes,
  connectBytes,
  DISCONNECT,
  openClient,
  PINGREQ,
  publishBytes,
  RawClient,
  subscribeBytes,
  tcpSocket,
  until,
} from './harness.ts'
import { startOpenProcess, type OpenProcess } from './open-process.ts'

let open: OpenProcess
beforeAll(async () => {
  open = await startOpenProcess(['--deny-subscribe', 'test/nosubscribe'])
})
afterAll(async () => {
  expect(open.exitCode()).toBeNull()
  expect(await open.stop()).toBe(0)
})

const subscribed = async (
  name: string,
  filters: readonly (readonly [string, 0 | 1 | 2])[],
  clean = true,
): Promise<RawClient> => {
  const client = await openClient(open.port, name, { clean })
  client.send(subscribeBytes(filters))
  await client.received('suback')
  return client
}
const texts = (client: RawClient): string[] => client.of('publish').map(({ payload }) => payload.toString())
/** Everything sent before it has been handled when its answer is there. */
const settled = async (client: RawClient): Promise<void> => {
  const before = client.of('pingresp').length
  client.send(PINGREQ)
  await client.received('pingresp', before + 1)
}

describe('interoperability', () => {
  it('delivers at the QoS of the subscription', async () => {
    const client = await subscribed('basic', [['basic', 2]])
    client.send(publishBytes('basic', 'q0', 0), publishBytes('basic', 'q1', 1, 1), publishBytes('basic', 'q2', 2, 2))
    await client.received('publish', 3)
    await client.received('puback')
    await client.received('pubrec')
    client.send(ackBytes('pubrel', 2))
    await client.received('pubcomp')
    expect(
      client
        .of('publish')
        .map(({ qos, payload }) => `${qos} ${payload}`)
        .sort(),
    ).toEqual(['0 q0', '1 q1', '2 q2'])
  })

  it('completes the QoS 2 handshake towards a subscriber', async () => {
    const client = await subscribed('qos2', [['qos2', 2]])
    client.send(publishBytes('qos2', 'x', 2, 9), ackBytes('pubrel', 9))
    await client.received('publish')
    const id = client.of('publish')[0]?.messageId as number
    client.send(ackBytes('pubrec', id))
    await client.received('pubrel')
    expect(client.of('pubrel')[0]?.messageId).toBe(id)
    client.send(ackBytes('pubcomp', id))
    await settled(client)
    expect(client.of('publish')).toHaveLength(1)
  })

  it('retains, replaces and clears', async () => {
    const publisher = await openClient(open.port, 'retainer')
    const retained = [
      ['retained/a', 'first'],
      ['retained/a', 'second'],
      ['retained/b', 'b'],
      ['retained/c', 'c'],
      ['retained/c', ''],
    ] as const
    publisher.send(...retained.map(([topic, text], i) => publishBytes(topic, text, 1, i + 1, { retain: true })))
    await publisher.received('puback', 5)
    const client = await subscribed('reader', [['retained/+', 1]])
    await client.received('publish', 2)
    await settled(client)
    expect(texts(client).sort()).toEqual(['b', 'second'])
    expect(client.of('publish').every(({ retain }) => retain)).toBe(true)
    publisher.send(publishBytes('retained/a', 'live', 1, 6, { retain: true }))
    await client.received('publish', 3)
    expect(client.of('publish')[2]?.retain).toBe(false)
  })

  it('accepts an empty client id with a clean session only', async () => {
    const clean = await openClient(open.port, '', { clean: true })
    await settled(clean)
    const client = new RawClient(open.port)
    client.send(Buffer.from('100c00044d5154540400000a0000', 'hex'))
    await client.end()
    expect(client.of('connack')[0]?.returnCode).toBe(2)
  })

  it('queues for an offline session and delivers what QoS 1 and 2 promised', async () => {
    const first = await subscribed('offline', [['offline/+', 2]], false)
    first.send(DISCONNECT)
    await first.end()
    const publisher = await openClient(open.port, 'offline-publisher')
    publisher.send(
      publishBytes('offline/1', 'one', 1, 1),
      publishBytes('offline/2', 'two', 2, 2),
      ackBytes('pubrel', 2),
    )
    await publisher.received('puback')
    await publisher.received('pubcomp')
    const second = await openClient(open.port, 'offline', { clean: false })
    expect(second.of('connack')[0]?.sessionPresent).toBe(true)
    await second.received('publish', 2)
    expect(texts(second)).toEqual(['one', 'two'])
    const third = await openClient(open.port, 'offline', { clean: true })
    expect(third.of('connack')[0]?.sessionPresent).toBe(false)
    await settled(third)
    expect(third.of('publish')).toEqual([])
  })

  it('publishes a will when the connection breaks, and not after a DISCONNECT', async () => {
    const watcher = await subscribed('mourner', [['will/+', 2]])
    const will = (name: string) => ({ will: { topic: `will/${name}`, payload: name, qos: 2 as const, retain: true } })
    const polite = await openClient(open.port, 'polite', will('polite'))
    polite.send(DISCONNECT)
    await polite.end()
    const broken = await openClient(open.port, 'broken', will('broken'))
    broken.destroy()
    await watcher.received('publish')
    expect(texts(watcher)).toEqual(['broken'])
    const later = await subscribed('later', [['will/+', 0]])
    await later.received('publish')
    expect(texts(later)).toEqual(['broken'])
  })

  it('delivers a message to overlapping subscriptions at the highest QoS', async () => {
    const client = await subscribed('overlap', [
      ['overlap/#', 2],
      ['overlap/+', 1],
    ])
    client.send(publishBytes('overlap/x', 'once', 2, 3))
    await client.received('publish')
    await settled(client)
    expect(client.of('publish').map(({ qos }) => qos)).toEqual([2])
  })

  it('closes a client that is silent for one and a half keep-alives, and publishes its will', async () => {
    const watcher = await subscribed('keeper', [['keepalive', 1]])
    const will = { topic: 'keepalive', payload: 'expired', qos: 1 as const }
    const silent = await openClient(open.port, 'silent', { keepalive: 1, will })
    await watcher.received('publish')
    await silent.end()
    expect(texts(watcher)).toEqual(['expired'])
  })

  it('repeats what a session had not acknowledged when it broke', async () => {
    const first = await subscribed('redelivery', [['redelivery', 2]], false)
    const publisher = await openClient(open.port, 'redelivery-publisher')
    publisher.send(
      publishBytes('redelivery', 'one', 1, 1),
      publishBytes('redelivery', 'two', 2, 2),
      ackBytes('pubrel', 2),
    )
    await first.received('publish', 2)
    first.destroy()
    const second = await openClient(open.port, 'redelivery', { clean: false })
    await second.received('publish', 2)
    expect(texts(second)).toEqual(['one', 'two'])
    expect(second.of('publish').map(({ messageId }) => messageId)).toEqual(
      first.of('publish').map(({ messageId }) => messageId),
    )
  })

  it('numbers what it sends from 1, and never takes an id that a returning session still waits for', async () => {
    const session = 'numbers'
    const publisher = await openClient(open.port, 'numbers-publisher')
    let client = await subscribed(session, [['numbers', 1]], false)
    let sent = 0
    const publish = async (count: number): Promise<void> => {
      publisher.send(...Array.from({ length: count }, () => publishBytes('numbers', String((sent += 1)), 1, sent)))
      await publisher.received('puback', sent)
    }
    await publish(5)
    await client.received('publish', 5)
    expect(client.of('publish').map(({ messageId }) => messageId)).toEqual([1, 2, 3, 4, 5])
    client.send(ackBytes('puback', 2), PINGREQ)
    await client.received('pingresp')
    client.destroy()
    await publish(3)
    client = await openClient(open.port, session, { clean: false })
    await publish(2)
    await client.received('publish', 9)
    expect(new Set(client.of('publish').map(({ messageId }) => messageId)).size).toBe(9)
    expect(
      texts(client)
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual([1, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  it('refuses a subscription with 0x80', async () => {
    const client = await subscribed('denied', [['test/nosubscribe', 2]])
    expect(client.of('suback')[0]?.granted).toEqual([128])
  })

  it('keeps $ topics from wildcards and refuses the control plane', async () => {
    const client = await subscribed('dollar', [['#', 0]])
    const named = await subscribed('dollar-named', [['$test/#', 0]])
    named.send(publishBytes('$test/x', 'x', 1, 1))
    await named.received('publish')
    await settled(client)
    expect(client.of('publish').filter(({ topic }) => topic.startsWith('$'))).toEqual([])
    for (const filter of ['$SYS/#', '$share/g/a']) {
      const spy = await subscribed('spy', [[filter, 0]])
      expect(spy.of('suback')[0]?.granted).toEqual([128])
    }
    const kicker = await openClient(open.port, 'kicker')
    kicker.send(publishBytes('$SYS/x/new/clients', 'dollar', 0))
    await kicker.end()
    await settled(client)
  })

  it('unsubscribes', async () => {
    const client = await subscribed('leaver', [
      ['leave/a', 1],
      ['leave/b', 1],
    ])
    client.send(Buffer.concat([Buffer.from([0xa2, 11, 0, 2, 0, 7]), Buffer.from('leave/a')]))
    await client.received('unsuback')
    client.send(publishBytes('leave/a', 'a', 1, 1), publishBytes('leave/b', 'b', 1, 2))
    await client.received('publish')
    await client.received('puback', 2)
    await settled(client)
    expect(texts(client)).toEqual(['b'])
  })

  it('a second connection with the same client id takes over', async () => {
    const first = await openClient(open.port, 'twin')
    const second = await openClient(open.port, 'twin')
    await first.end()
    await settled(second)
  })
})

/** What a connected client sends, and what it must get: bytes, or `close`. */
const VECTORS: readonly (readonly [name: string, sent: string, expected: string])[] = [
  ['PUBLISH QoS 0', '300e0005746f7069637061796c6f6164', ''],
  ['PUBLISH retain with an empty payload', '31070005746f706963', ''],
  ['PUBLISH QoS 1', '32100005746f70696312347061796c6f6164', '40021234'],
  ['PUBLISH QoS 1 DUP', '3a100005746f70696312347061796c6f6164', '40021234'],
  ['PUBLISH QoS 2 and PUBREL', '34090005746f706963123462021234', '5002123470021234'],
  ['PUBLISH QoS 2 three times', '34090005746f7069631234'.repeat(3), '50021234'.repeat(3)],
  ['PUBLISH to $test/test', '340e000a24746573742f74657374007b', '5002007b'],
  ['PUBLISH to U+2A6D4', '300e000541f0aa9b947061796c6f6164', ''],
  ['PUBREL of an unknown packet', '62021234', '70021234'],
  ['PUBACK of an unknown packet', '40021234', ''],
  ['PUBREC of an unknown packet', '50021234', '62021234'],
  ['PUBCOMP of an unknown packet', '70021234', ''],
  ['SUBSCRIBE QoS 0', '8206123400017000', '9003123400'],
  ['SUBSCRIBE QoS 2', '8206123400017002', '9003123402'],
  ['SUBSCRIBE to two', '820a12340001700000017101', '900412340001'],
  ['UNSUBSCRIBE', 'a2051234000170', 'b0021234'],
  ['UNSUBSCRIBE from two', 'a2081234000170000171', 'b0021234'],
  ['PINGREQ', 'c000', 'd000'],
  ['DISCONNECT', 'e000', 'close'],
  ['DISCONNECT with flags', 'e100', 'close'],
  ['PUBLISH with DUP at QoS 0', '380e0005746f7069637061796c6f6164', 'close'],
  ['PUBLISH with an empty topic', '300900007061796c6f6164', 'close'],
  ['PUBACK with flags', '41021234', 'close'],
  ['PUBREL without flags', '60021234', 'close'],
  ['SUBSCRIBE one byte too long', '820712340001700000', 'close'],
  ['UNSUBSCRIBE without a filter', 'a2021234', 'close'],
  ['UNSUBSCRIBE from an empty filter', 'a20412340000', 'close'],
]

describe('bytes', () => {
  it.each(VECTORS)('%s', async (name, sent, expected) => {
    const socket = await tcpSocket(open.port)
    let got = ''
    let closed = false
    socket.on('data', (bytes: Buffer) => (got += bytes.toString('hex')))
    socket.on('close', () => (closed = true))
    socket.write(connectBytes({ clientId: name }))
    await until(() => got === '20020000')
    got = ''
    socket.write(Buffer.from(sent, 'hex'))
    if (expected === 'close') {
      await until(() => closed)
      expect(got).toBe('')
    } else {
      // A ping behind it shows that the connection lives on.
      await until(() => got.length >= expected.length)
      socket.write(PINGREQ)
      await until(() => got.length >= expected.length + 4 || closed)
      expect(got).toBe(`${expected}d000`)
      socket.destroy()
    }
  })
})

describe('row 9', () => {
  it('a process that stood still blames nobody for the silence', async () => {
    const frozen = await startOpenProcess()
    try {
      const client = await openClient(frozen.port, 'patient', { keepalive: 1 })
      const beat = setInterval(() => client.send(PINGREQ), 300)
      await client.received('pingresp', 2)
      process.kill(frozen.pid, 'SIGSTOP')
      await new Promise((resolve) => setTimeout(resolve, 5_000))
      process.kill(frozen.pid, 'SIGCONT')
      const before = client.of('pingresp').length
      await client.received('pingresp', before + 20)
      clearInterval(beat)
      expect(client.closed).toBe(false)
    } finally {
      process.kill(frozen.pid, 'SIGCONT')
      await frozen.stop()
    }
  })
})

describe('the command line', () => {
  const script = fileURLToPath(new URL('../../hub/broker-open.ts', import.meta.url))
  const run = async (...args: string[]): Promise<{ code: number | null; said: string }> => {
    const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()))
    await once(child, 'close')
    return { code: child.exitCode, said }
  }

  it.each([[[]], [['--port', 'x']], [['--port', '70000']], [['--prot', '1']]])(
    '%j is answered with the usage',
    async (args) => {
      const { code, said } = await run(...args)
      expect(code).toBe(2)
      expect(said).toMatch(/^usage: /)
    },
  )

  it('a taken port is one clear line', async () => {
    const { code, said } = await run('--port', String(open.port))
    expect(code).toBe(1)
    expect(said.trim().split('\n')).toHaveLength(1)
    expect(said).toContain(String(open.port))
  })
})
