// G7: a command is never executed late, never twice, and never kept for a device that was away — with the link cut between
// each pair of steps, and with a hub, a clock or a device that misbehaves.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { childCommandTopic, childTopic } from '../../contract/topics.ts'
import { until } from '../support/hub-process.ts'
import { CommandWorld } from './command-world.ts'

let world: CommandWorld
beforeEach(async () => {
  world = await CommandWorld.start()
})
afterEach(() => world.stop())

describe('a command', () => {
  it('goes out, is acknowledged, executed, seen in its effect and answered; each step is in the ledger before it is told', async () => {
    const device = await world.device('d1')
    const id = await world.send('d1')
    await until('it is done and seen', () => world.row(id).state === 'done' && world.row(id).seenAt !== null)
    expect(device.done).toEqual([id])
    expect(world.row(id)).toMatchObject({ ending: 'answered_ok', effect: { ok: true }, by: { name: '周晓岚' } })
    const states = world.told.map(({ state }) => state)
    expect(states[0]).toBe('requested')
    expect(states.at(-1)).toBe('done')
    expect(world.rejected()).toMatchObject({ unknown_command: 0, repeated_reply: 0, late_reply: 0 })
  })

  it('finds a gateway’s child through its gateway', async () => {
    const device = await world.device('gw', {
      topic: childCommandTopic('gw', 'child'),
      replies: childTopic('gw', 'child', 'replies'),
    })
    expect(await world.request('gw')).toMatchObject({ refusal: 'not_listening' })
    const id = await world.send('child', 'locate')
    await world.reaches(id, 'done')
    expect(device.done).toEqual([id])
  })

  it('one at a time of each name, and the next when it has ended', async () => {
    await world.device('d1', { acknowledged: () => false })
    await world.send('d1')
    expect(await world.request('d1')).toMatchObject({ refusal: 'under_way' })
    expect((await world.request('d1', 'locate')).ok).toBe(true)
    await world.later(70)
    expect((await world.request('d1')).ok).toBe(true)
  })

  it('two that are asked in the same instant are one', async () => {
    const device = await world.device('d1')
    const outcomes = await Promise.all([world.request('d1'), world.request('d1')])
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, false])
    expect(world.log.adds).toBe(1)
    await until('it is executed', () => device.done.length === 1)
  })
})

describe('G7: the link cut', () => {
  it('before it is sent: refused, nothing is written down or kept', async () => {
    const device = await world.device('d1')
    world.proxy.refuse(true)
    world.proxy.cut()
    await until('the hub knows', () => !world.broker.isConnected('d1'))
    expect(await world.request('d1')).toMatchObject({ ok: false, refusal: 'not_connected' })
    expect(world.log.rows.size).toBe(0)
    world.proxy.refuse(false)
    await world.back(device, 1)
    const next = await world.send('d1', 'locate')
    await world.reaches(next, 'done')
    expect(device.heard).toEqual([next])
  })

  it('between its place in the ledger and its sending: it failed, and is not sent to who comes back', async () => {
    const device = await world.device('d1')
    world.log.gate.shut = true
    const asked = world.request('d1')
    await until('it is being written', () => world.log.adds === 1)
    world.proxy.refuse(true)
    world.proxy.cut()
    await until('the hub knows', () => !world.broker.isConnected('d1'))
    world.log.gate.open()
    const outcome = await asked
    expect(outcome).toMatchObject({ ok: true, command: { state: 'failed', ending: 'not_connected', sentAt: null } })
    world.proxy.refuse(false)
    await world.back(device, 1)
    expect(device.heard).toEqual([])
  })

  it('a ledger that takes too long: it expired, and was never on the line', async () => {
    const device = await world.device('d1')
    world.log.gate.shut = true
    const asked = world.request('d1')
    await until('it is being written', () => world.log.adds === 1)
    world.ahead += 60_000
    world.log.gate.open()
    expect(await asked).toMatchObject({ ok: true, command: { state: 'expired', ending: 'not_sent', sentAt: null } })
    const next = await world.send('d1', 'locate')
    await world.reaches(next, 'done')
    expect(device.heard).toEqual([next])
  })

  it('after it was sent, before it arrived: it expires, and the device that comes back hears nothing of it', async () => {
    const device = await world.device('d1')
    world.proxy.freeze()
    const id = await world.send('d1')
    expect(world.row(id).state).toBe('sent')
    const { came } = device
    world.proxy.cut()
    world.proxy.thaw()
    await world.back(device, came)
    const next = await world.send('d1', 'locate')
    await world.reaches(next, 'done')
    await world.later(60)
    expect(world.row(id)).toMatchObject({ state: 'expired', ending: 'not_delivered', deliveredAt: null })
    expect(device.heard).toEqual([next])
  })

  it('after it arrived, before its PUBACK: not executed, not sent again', async () => {
    const lost: string[] = []
    const device = await world.device('d1', {
      reached: () => {
        if (lost.length > 0) return true
        lost.push('power')
        world.proxy.cut()
        return false
      },
    })
    const id = await world.send('d1')
    await until('it arrived', () => lost.length === 1)
    await world.back(device, 1)
    const next = await world.send('d1', 'locate')
    await world.reaches(next, 'done')
    await world.later(60)
    expect(world.row(id)).toMatchObject({ state: 'expired', ending: 'not_delivered' })
    expect(device.done).toEqual([next])
    expect(device.heard).toEqual([id, next])
  })

  it('after its PUBACK, before it is executed: delivered, then no reply', async () => {
    const device = await world.device('d1', { acknowledged: () => false })
    const id = await world.send('d1')
    await world.reaches(id, 'delivered')
    await world.cutAndBack(device)
    await world.later(60)
    expect(world.row(id).state).toBe('delivered')
    await world.later(5)
    expect(world.row(id)).toMatchObject({ state: 'expired', ending: 'no_reply' })
    expect([device.done, device.heard]).toEqual([[], [id]])
  })

  it('after it was executed, before the answer: the answer comes with the next connection, and it was executed once', async () => {
    const device = await world.device('d1', {
      executed: async () => {
        world.proxy.cut()
        await until('it noticed', () => !device.client.connected)
        return true
      },
    })
    const id = await world.send('d1')
    await world.reaches(id, 'done')
    expect([device.done, device.heard]).toEqual([[id], [id]])
  })

  it('before the answer’s PUBACK: it comes again, is told from the first, and changes nothing', async () => {
    const device = await world.device('d1', {
      // From here on the ledger keeps the answer waiting.
      executed: () => (world.log.gate.shut = true),
    })
    const id = await world.send('d1')
    await until('the answer is being written', () => world.pipeline.backlog.batches > 0)
    const { accepted } = world.proxy
    world.proxy.cut()
    await until('it is back', () => world.proxy.accepted > accepted && world.broker.isConnected('d1'))
    world.log.gate.open()
    await world.reaches(id, 'done')
    await until('the second one is settled', () => world.pipeline.backlog.messages === 0)
    const { repliedAt } = world.row(id)
    await device.reply(id, false)
    expect(world.row(id)).toMatchObject({ state: 'done', repliedAt, error: null })
    expect(world.rejected()['repeated_reply']).toBeGreaterThanOrEqual(1)
    expect(device.done).toEqual([id])
  })
})

describe('G7: what else goes wrong', () => {
  it('an answer that could not be written down is not acknowledged, and counts when it comes again', async () => {
    const device = await world.device('d1', { executed: () => (world.log.failing = true) })
    const id = await world.send('d1')
    await until('the device was cut off without a PUBACK', () => world.pipeline.counters.snapshot().notCommitted > 0)
    world.log.failing = false
    await world.reaches(id, 'done')
    await until('the answer came again', () => device.listening && world.pipeline.backlog.messages === 0)
    expect(device.done).toEqual([id])
  })

  it('a clock of the device that is ahead: it refuses, and the state says so', async () => {
    const device = await world.device('d1', { clockOff: 600_000 })
    const id = await world.send('d1')
    await world.reaches(id, 'failed')
    expect(world.row(id)).toMatchObject({ ending: 'answered_error', error: 'expired' })
    expect(device.done).toEqual([])
  })

  it('the hub started anew: nothing is sent again, an answer in time counts, silence is told for what it is', async () => {
    const device = await world.device('d1', { acknowledged: () => false })
    const [answered, silent] = [await world.send('d1'), await world.send('d1', 'locate')]
    await world.reaches(silent, 'delivered')
    await world.end()
    await world.open()
    await world.back(device, 1)
    await device.reply(answered)
    expect(world.row(answered)).toMatchObject({ state: 'done', ending: 'answered_ok' })
    await world.later(35)
    expect(world.row(silent)).toMatchObject({ state: 'expired', ending: 'hub_restarted' })
    expect(device.heard).toEqual([answered, silent])
  })

  it('G10: late, repeated and foreign answers, and answers to nothing, are counted and change nothing', async () => {
    const first = await world.device('d1', { acknowledged: () => false })
    const second = await world.device('d2')
    const id = await world.send('d1')
    await world.reaches(id, 'delivered')
    await second.reply(id)
    await second.reply('made-up')
    expect(world.row(id).state).toBe('delivered')
    await world.later(66)
    await first.reply(id)
    expect(world.row(id)).toMatchObject({ state: 'expired', repliedAt: null })
    const next = await world.send('d1', 'locate')
    await first.reply(next)
    await first.reply(next)
    expect(world.rejected()).toMatchObject({ unknown_command: 2, late_reply: 1, repeated_reply: 1 })
    const { received, stored, rejected } = world.pipeline.counters.snapshot()
    expect(received).toBe(stored + rejected)
  })
})
