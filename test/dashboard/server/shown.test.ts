// What screens report as painted reaches the ledger, behind the feed and never in its way.
import { describe, expect, it } from 'vitest'
import type { AlarmDetail } from '../../../contract/http/alarms.ts'
import type { Ports } from '../../../dashboard/server/ports.ts'
import type { Painted } from '../../../records/ledger.ts'
import { EVERYTHING } from '../../../records/scope.ts'
import { World, live, next, resume, until } from './world.ts'

async function seen(world: World, alarmId: string): Promise<string[]> {
  const { body } = await world.call<AlarmDetail>('GET', `/alarms/${alarmId}`, { as: await world.as('admin') })
  return body.shown.map(({ seq, user }) => `${seq} ${user.name}`)
}

describe('alarm:shown', () => {
  it('is evidence: who saw which transition when, in the alarm’s detail', async () => {
    const world = await World.start()
    try {
      const now = 1_795_000_100_000
      world.clock = () => now
      const duty = await live(world, await world.as('duty'))
      const coming = next(duty.client, 'alarm')
      await world.commit(world.entry({ alarmId: 'x', place: 'a', priority: 1 }))
      const { seq } = await coming
      // What does not exist yet cannot have been painted.
      duty.client.emit('alarm:shown', { seqs: [seq, seq, seq + 1] })
      await until(async () => (await seen(world, 'x')).length > 0)
      // Caught up on later, and seen later: that too is evidence.
      const warden = await live(world, await world.as('manager'), 0)
      world.clock = () => now + 60_000
      warden.client.emit('alarm:shown', { seqs: [seq] })
      duty.client.emit('alarm:shown', { seqs: [seq] })
      await until(async () => (await seen(world, 'x')).length > 1)
      const detail = await world.call<AlarmDetail>('GET', '/alarms/x', { as: await world.as('manager') })
      expect(detail.body.shown).toEqual([
        { seq, at: now, user: { id: world.users['duty'], name: 'duty 某' } },
        { seq, at: now + 60_000, user: { id: world.users['manager'], name: 'manager 某' } },
      ])
    } finally {
      await world.stop()
    }
  })

  it('G9: what a page claims of another’s place is not kept', async () => {
    const world = await World.start()
    try {
      await world.commit(world.entry({ alarmId: 'theirs', place: 'b' }), world.entry({ alarmId: 'own', place: 'a' }))
      const { client } = await live(world, await world.as('manager'))
      client.emit('alarm:shown', { seqs: [1, 2] })
      await until(async () => (await seen(world, 'own')).length > 0)
      expect(await seen(world, 'own')).toEqual(['2 manager 某'])
      expect(await seen(world, 'theirs')).toEqual([])
    } finally {
      await world.stop()
    }
  })

  it('a ledger that does not take it stops no alarm; it is tried again, said once, and written at the stop', async () => {
    const world = await World.start()
    const ports: Ports = world.ports()
    let attempts = 0
    let failing = true
    const kept: Painted[] = []
    const shown = {
      note: async (painted: readonly Painted[]): Promise<void> => {
        attempts += 1
        if (failing) throw new Error('disk full')
        kept.push(...painted)
      },
    }
    const records = { ...ports.records, shown }
    await world.stopServing()
    await world.serve({}, { ...ports, records })
    try {
      const { client } = await live(world, await world.as('duty'))
      await world.commit(world.entry({ alarmId: 'x', place: 'a' }))
      client.emit('alarm:shown', { seqs: [1] })
      await until(() => attempts >= 2)
      const coming = next(client, 'alarm')
      await world.commit(world.entry({ alarmId: 'y', place: 'a' }))
      expect(await coming).toMatchObject({ seq: 2, prev: 1 })
      expect(world.log.filter(({ line }) => line.includes('what screens have shown'))).toHaveLength(1)
      failing = false
      await until(() => kept.length === 1)
      client.emit('alarm:shown', { seqs: [2] })
      // Answered after what was sent before it.
      expect(await resume(client, 2)).toMatchObject({ ok: true })
      await world.stopServing()
      const userId = world.users['duty']
      expect(kept).toMatchObject([1, 2].map((seq) => ({ seq, userId, scope: EVERYTHING })))
    } finally {
      await world.stop()
    }
  })
})
