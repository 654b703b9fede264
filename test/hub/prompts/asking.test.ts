// A question reaches the manager of who lives there, and nobody else: not another manager, not the landlord, not the desk.
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Prompt } from '../../../contract/http/prompts.ts'
import { lookAtMeters } from '../../../hub/prompts/asking.ts'
import { MINUTE } from '../../../hub/prompts/minutes.ts'
import { World } from '../../dashboard/server/world.ts'

let world: World
beforeAll(async () => {
  world = await World.start()
})
afterAll(() => world?.stop())

describe('a question to a manager', () => {
  it('G9: is seen, answered and kept by whoever was asked alone, and is no alarm', async () => {
    const { ledger, sites } = world
    const actor = { userId: world.users['admin'] as string, name: 'admin', address: 'test' }
    const room = await ledger.rooms.create(actor, sites.a, { building: '', floor: 2, name: '205', powerLimitW: 1_500 })
    await ledger.devices.update(actor, 'DEV-A', { lifecycle: 'in_service', roomId: room.id })
    await world.addUser('second', 'manager', { sites: [sites.a] })
    const now = Date.now()
    const parts = {
      prompts: ledger.prompts,
      devices: ledger.devices,
      // Ten minutes above the limit, the last hour.
      readings: {
        series: async ({ to }: { to: number }) =>
          Array.from({ length: 60 }, (_, index) => {
            const watts = index < 10 ? 1_900 : 200
            return { t: to - (60 - index) * MINUTE, min: watts, mean: watts, max: watts, last: watts, count: 1 }
          }),
      },
      managersFor: async () => [world.users['manager'] as string],
      now: () => now,
      log: pino({ level: 'silent' }),
    }
    expect(await lookAtMeters(parts)).toBe(1)
    // Not again within a day.
    expect(await lookAtMeters(parts)).toBe(0)

    const list = async (user: string) =>
      (await world.call<{ items: Prompt[] }>('GET', '/me/prompts', { as: await world.as(user) })).body.items
    const [asked] = await list('manager')
    expect(asked).toMatchObject({ type: 'overload', deviceId: 'DEV-A', answer: null, evidence: { watts: 1_900 } })
    expect(JSON.stringify(asked)).not.toContain('群租')
    const others = ['second', 'warden', 'landlord', 'town', 'grid', 'duty', 'leader', 'admin', 'auditor', 'wall']
    const answer = async (user: string, body: object) =>
      world.call<Prompt>('POST', `/me/prompts/${asked?.id}/answer`, { as: await world.as(user), body })
    for (const user of others) {
      expect([user, await list(user)]).toEqual([user, []])
      expect([user, (await answer(user, { answer: 'no' })).status]).toEqual([user, 404])
    }
    expect((await answer('manager', { answer: 'perhaps' })).status).toBe(400)
    expect((await answer('manager', { answer: 'yes', userId: world.users['warden'] })).status).toBe(400)
    expect((await answer('manager', { answer: 'yes' })).body).toMatchObject({ answer: 'yes' })
    expect(await list('manager')).toMatchObject([{ id: asked?.id, answer: 'yes' }])

    expect((await ledger.alarms.open({ all: true })).length).toBe(0)
    const { items } = await ledger.audit.list({ limit: 5, subject: `prompt:${asked?.id}` })
    expect(items).toMatchObject([{ action: 'prompt.answered', fields: ['answer'] }])

    // Who no longer looks after the house no longer sees what was asked about it.
    await ledger.users.update(actor, world.users['manager'] as string, { sites: [sites.b] })
    expect(await list('manager')).toEqual([])
    expect((await answer('manager', { answer: 'no' })).status).toBe(404)
  })
})
