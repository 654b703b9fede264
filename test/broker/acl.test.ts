import { afterEach, describe, expect, it } from 'vitest'
import { decideForward, decidePublish, decideSubscribe, mayRetain } from '../../broker/acl.ts'
import { UP_CHANNELS, parseUpTopic } from '../../contract/topics.ts'
import { device, publishBytes, RawClient, startBroker, subscribeBytes, connectBytes, TOKEN, until } from './harness.ts'
import type { Harness } from './harness.ts'

const CHILDREN = new Set(['gw/child', 'gw/child-2'])
const isChildOf = (gatewayId: string, deviceId: string): boolean => CHILDREN.has(`${gatewayId}/${deviceId}`)

/** Everything a level of a topic may be that is not one's own. */
const LEVELS = [
  'd1',
  'd2',
  'gw',
  'child',
  'child-2',
  'stranger',
  '+',
  '#',
  '$SYS',
  '',
  '__proto__',
  'd1 ',
  'D1',
  'd1/',
  '中',
]
const CHANNELS = [...UP_CHANNELS, 'commands', 'config', '+', '#', '', 'Readings', 'readings/x']

const topics: string[] = []
for (const level of LEVELS) {
  for (const channel of CHANNELS) {
    topics.push(`zhian/v1/${level}/${channel}`)
    topics.push(`zhian/v1/gw/children/${level}/${channel}`)
  }
  topics.push(`zhian/v1/${level}`, `zhian/v2/${level}/readings`, `/zhian/v1/${level}/readings`, `${level}/readings`)
  topics.push(`$share/g/zhian/v1/${level}/commands`, `$queue/zhian/v1/${level}/commands`, `$SYS/${level}/new/clients`)
  topics.push(`zhian/+/${level}/commands`, `+/v1/${level}/commands`, `zhian/v1/${level}/commands/#`)
}
topics.push(
  '#',
  '+',
  '+/#',
  'zhian/#',
  'zhian/v1/#',
  'zhian/v1/+/+',
  'zhian/v1/+/commands',
  '$SYS/#',
  '$SYS/+/heartbeat',
  '/',
)

/** The whole of what each may do, written as a list: everything else is a leak. */
const MAY_PUBLISH: Record<string, string[]> = {
  d1: UP_CHANNELS.map((channel) => `zhian/v1/d1/${channel}`),
  gw: [
    ...UP_CHANNELS.map((channel) => `zhian/v1/gw/${channel}`),
    ...['child', 'child-2'].flatMap((child) =>
      UP_CHANNELS.map((channel) => `zhian/v1/gw/children/${child}/${channel}`),
    ),
  ],
  child: UP_CHANNELS.map((channel) => `zhian/v1/child/${channel}`),
}
const MAY_SUBSCRIBE: Record<string, string[]> = {
  d1: ['zhian/v1/d1/commands'],
  gw: ['zhian/v1/gw/commands', ...['child', 'child-2', '+'].map((child) => `zhian/v1/gw/children/${child}/commands`)],
  child: ['zhian/v1/child/commands'],
}
const MAY_RECEIVE: Record<string, string[]> = {
  d1: ['zhian/v1/d1/commands'],
  gw: ['zhian/v1/gw/commands', ...['child', 'child-2'].map((child) => `zhian/v1/gw/children/${child}/commands`)],
  child: ['zhian/v1/child/commands'],
}
const ROLES = Object.keys(MAY_PUBLISH)

describe('row 23: decisions', () => {
  it('every role publishes, subscribes and receives exactly what it may, over every generated topic', () => {
    const all = [...new Set([...topics, ...Object.values(MAY_PUBLISH).flat(), ...Object.values(MAY_SUBSCRIBE).flat()])]
    let cases = 0
    for (const role of ROLES) {
      const published = all.filter((topic) => typeof decidePublish(role, topic, isChildOf) !== 'string')
      const subscribed = all.filter((topic) => decideSubscribe(role, topic, isChildOf) === null)
      const received = all.filter((topic) => decideForward(role, topic, isChildOf))
      expect(published.sort()).toEqual(MAY_PUBLISH[role]?.sort())
      expect(subscribed.sort()).toEqual(MAY_SUBSCRIBE[role]?.sort())
      expect(received.sort()).toEqual(MAY_RECEIVE[role]?.sort())
      cases += all.length * 3
    }
    expect(cases).toBeGreaterThanOrEqual(500)
  })

  it('retained is only the own status', () => {
    const retained = topics.filter((topic) => {
      const parts = parseUpTopic(topic)
      return parts !== null && mayRetain(parts)
    })
    expect(retained.every((topic) => /^zhian\/v1\/[^/]+\/status$/.test(topic))).toBe(true)
    expect(retained).toContain('zhian/v1/d1/status')
  })
})

describe('row 23: over the wire', () => {
  let hub: Harness
  afterEach(() => hub.broker.stop())
  const wide = { loginsPerWindow: 100_000, connectionsPerDevice: 1_000 }

  const started = async (): Promise<void> => {
    hub = await startBroker(wide)
    for (const child of CHILDREN) hub.credentials.children.add(child)
  }

  const inParallel = async <T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> => {
    const queue = [...items]
    await Promise.all(
      Array.from({ length: width }, async () => {
        for (let item = queue.pop(); item !== undefined; item = queue.pop()) await work(item)
      }),
    )
  }

  it('publish: 900 generated topics, nothing outside the list reaches the intake or is acknowledged', async () => {
    await started()
    const cases = ROLES.flatMap((role) =>
      topics.filter((topic) => !/[+#]/.test(topic) && topic).map((topic) => ({ role, topic })),
    )
    expect(cases.length).toBeGreaterThan(500)
    await inParallel(cases, 32, async ({ role, topic }) => {
      const client = await device(hub.port, role, { clientId: '' })
      client.send(publishBytes(topic, topic, 1, 1, { retain: true }))
      await until(() => client.closed || client.of('puback').length > 0)
      expect([topic, client.of('puback').length > 0]).toEqual([topic, MAY_PUBLISH[role]?.includes(topic)])
      client.destroy()
    })
    for (const { publisherId, payload } of hub.intake.messages) {
      expect(MAY_PUBLISH[publisherId]).toContain(Buffer.from(payload).toString())
    }
    // Each role's own status, and none of the children's.
    expect(hub.broker.counters().retained).toBe(3)
  })

  it('will: the same topics, refused with CONNACK 5', async () => {
    await started()
    const cases = topics.filter((topic) => topic && !/[+#]/.test(topic) && !MAY_PUBLISH['d1']?.includes(topic))
    await inParallel(cases, 32, async (topic) => {
      const client = new RawClient(hub.port)
      const will = { topic, payload: 'x', qos: 1 as const, retain: true }
      client.send(connectBytes({ username: 'd1', password: TOKEN, clientId: '', will }))
      await client.end()
      expect(client.of('connack')[0]?.returnCode).toBe(5)
    })
    expect(hub.intake.messages).toEqual([])
  })

  it('subscribe: one denied filter refuses the whole packet and stores nothing, on a persistent session too', async () => {
    await started()
    const client = await device(hub.port, 'd1', { clean: false, clientId: 's' })
    const denied = topics.filter((topic) => topic && !MAY_SUBSCRIBE['d1']?.includes(topic))
    let id = 0
    let asked = 0
    for (const filter of denied) {
      id += 1
      const before = client.of('suback').length
      client.send(
        subscribeBytes(
          [
            ['zhian/v1/d1/commands', 1],
            [filter, 1],
          ],
          id,
        ),
      )
      await until(() => client.of('suback').length > before || client.closed)
      if (client.closed) break
      asked += 1
      expect(client.of('suback').at(-1)).toMatchObject({ messageId: id, granted: [128, 128] })
    }
    // The list holds filters that are malformed as well; the first of them closed the connection.
    expect(client.closed).toBe(true)
    expect(asked).toBeGreaterThan(0)
    const again = await device(hub.port, 'd1', { clean: false, clientId: 's' })
    expect(again.of('connack')[0]?.sessionPresent).toBe(false)
    expect(hub.broker.publishCommand('d1', 'go')).toBe(false)
  })

  it.each([
    '#',
    '+/#',
    'zhian/v1/+/commands',
    'zhian/v1/d2/commands',
    '$SYS/#',
    '$share/g/zhian/v1/d1/commands',
    'zhian/v1/d1/#',
  ])('subscribe: %s is answered 0x80 and delivers nothing', async (filter) => {
    await started()
    const spy = await device(hub.port, 'd1')
    spy.send(subscribeBytes([[filter, 1]]))
    await spy.received('suback')
    expect(spy.of('suback')[0]?.granted).toEqual([128])
    const other = await device(hub.port, 'd2')
    other.send(subscribeBytes([['zhian/v1/d2/commands', 1]]))
    await other.received('suback')
    expect(hub.broker.publishCommand('d2', 'secret')).toBe(true)
    await other.received('publish')
    other.send(publishBytes('zhian/v1/d2/status', 'x', 1, 1, { retain: true }))
    await other.received('puback')
    spy.send(Buffer.from([0xc0, 0]))
    await spy.received('pingresp')
    expect(spy.of('publish')).toEqual([])
  })

  it('forward: a child that was taken from its gateway is not commanded through it any more', async () => {
    await started()
    const gateway = await device(hub.port, 'gw', { clean: false })
    gateway.send(subscribeBytes([['zhian/v1/gw/children/+/commands', 1]]))
    await gateway.received('suback')
    expect(hub.broker.publishCommand('child', 'one', { gatewayId: 'gw' })).toBe(true)
    await gateway.received('publish')
    hub.credentials.children.delete('gw/child')
    expect(hub.broker.publishCommand('child', 'two', { gatewayId: 'gw' })).toBe(false)
    expect(hub.broker.counters().refused.forward_denied).toBe(1)
    expect(hub.broker.publishCommand('child-2', 'three', { gatewayId: 'gw' })).toBe(true)
    await gateway.received('publish', 2)
    expect(gateway.of('publish').map(({ payload }) => payload.toString())).toEqual(['one', 'three'])
  })

  it('a subscription to one child that was taken away is not restored with its session', async () => {
    await started()
    const session = { clean: false, clientId: 's' }
    const first = await device(hub.port, 'gw', session)
    first.send(subscribeBytes([['zhian/v1/gw/children/child/commands', 1]]))
    await first.received('suback')
    first.destroy()
    hub.credentials.children.delete('gw/child')
    await device(hub.port, 'gw', session)
    expect(hub.broker.publishCommand('child', 'x', { gatewayId: 'gw' })).toBe(false)
  })

  it('publish: a child that was taken away is refused on the connection that spoke for it', async () => {
    await started()
    const gateway = await device(hub.port, 'gw')
    const topic = 'zhian/v1/gw/children/child/readings'
    gateway.send(publishBytes(topic, 'x', 1, 1))
    await gateway.received('puback')
    expect(hub.intake.messages[0]).toMatchObject({ publisherId: 'gw', deviceId: 'child' })
    hub.credentials.children.delete('gw/child')
    gateway.send(publishBytes(topic, 'y', 1, 2))
    await gateway.end()
    expect(gateway.ids('puback')).toEqual([1])
  })

  it('revoked: connection, session and retained status of a device end together', async () => {
    await started()
    const session = { clean: false, clientId: 's' }
    const client = await device(hub.port, 'd1', session)
    client.send(
      subscribeBytes([['zhian/v1/d1/commands', 1]]),
      publishBytes('zhian/v1/d1/status', 'on', 1, 1, { retain: true }),
    )
    await client.received('puback')
    expect(hub.broker.counters()).toMatchObject({ sessions: 1, retained: 1 })
    hub.broker.disconnect('d1')
    await client.end()
    expect(hub.broker.counters()).toMatchObject({ sessions: 0, retained: 0, queued: 0 })
    const again = await device(hub.port, 'd1', session)
    expect(again.of('connack')[0]?.sessionPresent).toBe(false)
    expect(hub.broker.publishCommand('d1', 'x')).toBe(false)
  })

  it('revoked, or cut off because a message could not be stored: told as leave taken, never as a line that dropped', async () => {
    await started()
    const revoked = await device(hub.port, 'd1')
    hub.broker.disconnect('d1')
    await revoked.end()
    const unstored = await device(hub.port, 'd2')
    hub.intake.settle = (_message, done) => done(new Error('the disk is full'))
    unstored.send(publishBytes('zhian/v1/d2/readings', 'x', 1, 1))
    await unstored.end()
    const broken = await device(hub.port, 'd3')
    broken.destroy()
    await until(() => hub.presence.length === 6, 'three to come and go')
    expect(hub.dropped).toEqual(['d3'])
  })
})
