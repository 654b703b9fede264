// What a simulated device does with commands: the reference for real ones.
import { describe, expect, it } from 'vitest'
import { replyPayloadSchema } from '../../contract/payloads.ts'
import { KINDS, eventOf } from '../../contract/kinds/table.ts'
import { Obedience } from '../../simulators/devices/obey.ts'

const T0 = 1_795_000_000_000
const bytes = (body: unknown): Buffer => Buffer.from(JSON.stringify(body))
const command = (id: string, name = 'self_test', expires = T0 + 1_000) => bytes({ id, name, args: {}, expires })

describe('G7: a device', () => {
  it('executes in time and says so', () => {
    const { reply, event } = new Obedience().hear(command('c1'), T0)
    expect(reply).toEqual({ id: 'c1', ok: true, result: {} })
    expect(event).toEqual({ event: 'self_test', data: { ok: true } })
  })

  it('never executes at the expiry or after it, and says that too', () => {
    for (const now of [T0 + 1_000, T0 + 60_000]) {
      const { reply, event } = new Obedience().hear(command('c1'), now)
      expect([reply, event]).toEqual([{ id: 'c1', ok: false, error: 'expired' }, null])
    }
  })

  it('never executes one twice, whichever way it comes again', () => {
    const device = new Obedience()
    expect(device.hear(command('c1'), T0).reply?.ok).toBe(true)
    expect(device.hear(command('c1'), T0)).toEqual({ reply: null, event: null })
    // Refused for its time, and then with a clock that was set back.
    expect(device.hear(command('c2', 'locate', T0), T0).reply?.ok).toBe(false)
    expect(device.hear(command('c2', 'locate', T0), T0 - 1)).toEqual({ reply: null, event: null })
  })

  it('remembers enough, and not for ever', () => {
    const device = new Obedience()
    for (let i = 0; i < 33; i++) device.hear(command(`c${i}`), T0)
    expect(device.hear(command('c32'), T0).reply).toBeNull()
    expect(device.hear(command('c1'), T0).reply).toBeNull()
  })

  it('refuses what it does not know, and is deaf to what is no command', () => {
    expect(new Obedience().hear(command('c1', 'valve_open'), T0).reply).toMatchObject({ ok: false })
    expect(new Obedience().hear(command('c1', 'toString'), T0).reply).toMatchObject({ ok: false })
    for (const noise of [Buffer.from('{'), bytes([]), bytes({ id: 'c1' }), Buffer.alloc(0)])
      expect(new Obedience().hear(noise, T0)).toEqual({ reply: null, event: null })
  })

  it('says only what a hub takes', () => {
    for (const name of ['self_test', 'mute', 'locate', 'reboot']) {
      const { reply, event } = new Obedience().hear(command('c1', name), T0)
      expect(replyPayloadSchema.safeParse(reply).success).toBe(true)
      for (const { name: kind } of Object.values(KINDS))
        if (event !== null && kind !== 'camera') expect(eventOf(kind, event.event)?.role).toBe('log')
    }
  })
})
