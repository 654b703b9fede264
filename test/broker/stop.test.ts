import { describe, expect, it } from 'vitest'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { connectBytes, device, publishBytes, RawClient, startBroker, TOKEN, until } from './harness.ts'
import { createPolicyBroker } from '../../broker/broker.ts'
import { createOpenPolicy } from '../../broker/open-policy.ts'

describe('stopping', () => {
  it('acknowledges what was taken, takes no more, fires no will and reports nobody offline', async () => {
    const hub = await startBroker({ stopDrainMs: 10_000 })
    const waiting: (() => void)[] = []
    hub.intake.settle = (_message, done) => void waiting.push(done)
    const will = { topic: 'zhian/v1/d1/status', payload: '{"state":"offline"}', qos: 1 as const }
    const client = await device(hub.port, 'd1', { will })
    client.send(...[1, 2, 3].map((id) => publishBytes('zhian/v1/d1/readings', String(id), 1, id)))
    await until(() => waiting.length === 3)

    const stopped = hub.broker.stop()
    client.send(publishBytes('zhian/v1/d1/readings', '4', 1, 4))
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(client.closed).toBe(false)
    for (const done of waiting) done()
    await stopped
    await client.end()
    expect(client.ids('puback')).toEqual([1, 2, 3])
    expect(hub.intake.texts()).toEqual(['1', '2', '3'])
    expect(hub.presence).toEqual([{ deviceId: 'd1', connected: true }])
    expect(hub.broker.counters()).toMatchObject({ connections: 0, inFlight: 0 })
  })

  it('a message that could not be stored is not acknowledged while stopping either', async () => {
    const hub = await startBroker({ stopDrainMs: 10_000 })
    const waiting: ((error?: Error) => void)[] = []
    hub.intake.settle = (_message, done) => void waiting.push(done)
    const client = await device(hub.port, 'd1')
    client.send(...[1, 2].map((id) => publishBytes('zhian/v1/d1/readings', String(id), 1, id)))
    await until(() => waiting.length === 2)
    const stopped = hub.broker.stop()
    waiting[0]?.()
    waiting[1]?.(new Error('closed'))
    await stopped
    expect(client.ids('puback')).toEqual([1])
  })

  it('does not wait for an intake that never answers, and is over for both who stop it', async () => {
    const hub = await startBroker({ stopDrainMs: 100 })
    hub.intake.settle = () => {}
    const client = await device(hub.port, 'd1')
    client.send(publishBytes('zhian/v1/d1/readings', 'x', 1, 1))
    await until(() => hub.intake.messages.length === 1)
    const first = hub.broker.stop()
    expect(hub.broker.stop()).toBe(first)
    await first
    await client.end()
    expect(client.ids('puback')).toEqual([])
  })

  it('a client in the middle of its login is told that the server is unavailable', async () => {
    const hub = await startBroker()
    let release = (): void => {}
    hub.credentials.answer = () => new Promise<void>((resolve) => (release = resolve))
    const client = new RawClient(hub.port)
    client.send(connectBytes({ username: 'd1', password: TOKEN }))
    await until(() => hub.credentials.logins === 1)
    const stopped = hub.broker.stop()
    await client.end()
    expect(client.of('connack')[0]?.returnCode).toBe(3)
    release()
    await stopped
    expect(hub.presence).toEqual([])
  })

  it('a stopped broker listens no more', async () => {
    const hub = await startBroker()
    await hub.broker.stop()
    const client = new RawClient(hub.port)
    await client.end()
    expect(client.packets).toEqual([])
  })

  it('a taken port is an error of start(), and leaves nothing running', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const broker = createPolicyBroker({ host: '127.0.0.1', port, policy: (backbone) => createOpenPolicy(backbone) })
    await expect(broker.start()).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await broker.stop()
    other.close()
  })

  it('can be stopped without having been started', async () => {
    const broker = createPolicyBroker({ host: '127.0.0.1', port: 0, policy: (backbone) => createOpenPolicy(backbone) })
    await broker.stop()
  })
})
