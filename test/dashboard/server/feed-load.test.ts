// A page that stops reading costs the hub at most its backlog, and the others nothing.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_BACKLOG } from '../../../dashboard/server/feed/backlog.ts'
import { World, live, until } from './world.ts'

/** The TCP socket beneath a client, to stop reading from it. */
function tcpOf(client: unknown): { pause(): void; resume(): void } {
  const { io } = client as { io: { engine: { transport: { ws: { _socket: { pause(): void; resume(): void } } } } } }
  return io.engine.transport.ws._socket
}

describe('feed under load', () => {
  let world: World
  beforeAll(async () => {
    world = new World()
    await world.ledger.start()
    await world.settle()
    await world.serve({ metrics: world.metrics })
  })
  afterAll(() => world.stop())

  it('disconnects a frozen browser, keeps the others whole, and takes it back with nothing missed', async () => {
    const frozen = await live(world, await world.as('duty'))
    const healthy = await live(world, await world.as('admin'))
    let heard = 0
    healthy.client.on('alarm', () => (heard += 1))
    tcpOf(frozen.client).pause()
    let gone = false
    frozen.client.on('disconnect', () => (gone = true))
    const text = '长'.repeat(1900)
    const from = await world.ledger.journal.head()
    let committed = 0
    // Kernel buffers of both sides take some MB before anything waits in the hub.
    while ((await disconnects()) === 0) {
      const entries = Array.from({ length: 100 }, (_, i) => {
        const entry = world.entry({ alarmId: `flood-${i}`, place: 'a' })
        return { ...entry, transition: { ...entry.transition, comment: text } }
      })
      await world.commit(...entries)
      committed += 100
      expect(committed).toBeLessThan(20_000)
    }
    await until(() => heard === committed)
    expect(healthy.client.connected).toBe(true)
    tcpOf(frozen.client).resume()
    await until(() => gone)
    const again = await live(world, await world.as('duty'), from)
    if (again.answer.mode === 'replay') expect(again.answer.events.length).toBe(committed)
    else expect(again.answer.head).toBe(from + committed)
    expect(MAX_BACKLOG).toBe(5 * 1024 * 1024)
    healthy.client.close()
  })

  async function disconnects(): Promise<number> {
    const line = (await world.metrics.metrics()).split('\n').find((one) => one.includes('reason="too_slow"'))
    return Number(line?.split(' ').at(-1) ?? 0)
  }
})
