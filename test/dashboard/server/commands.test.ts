// Commands over HTTP: the sentence of every refusal, the password once more from a telephone, the history, the feed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COMMAND_REFUSALS } from '../../../contract/http/commands.ts'
import type { Command } from '../../../contract/http/commands.ts'
import { PASSWORD, World, commandOf, live, next } from './world.ts'

const BODY = { name: 'self_test', reason: '例行' }
interface Refused {
  error: { code: string; message: string; details?: { reason?: string } }
}

describe('commands', () => {
  let world: World
  let duty: string
  beforeAll(async () => {
    world = await World.start()
    duty = await world.as('duty')
  })
  afterAll(() => world.stop())

  it('a desk sends one; the device, the words and who asked are passed on', async () => {
    const answer = await world.call<Command>('POST', '/devices/DEV-A/commands', {
      as: duty,
      body: { name: 'mute', args: { seconds: 60 }, reason: '半夜误报' },
    })
    expect(answer.status).toBe(201)
    expect(answer.body).toMatchObject({ state: 'sent', deviceId: 'DEV-A' })
    expect(world.commands.at(-1)).toEqual({
      deviceId: 'DEV-A',
      name: 'mute',
      args: { seconds: 60 },
      reason: '半夜误报',
    })
  })

  it('every refusal says that nothing was sent, in both languages, and names its reason', async () => {
    for (const refusal of COMMAND_REFUSALS) {
      world.commandRefusal = refusal
      const { status, body } = await world.call<Refused>('POST', '/devices/DEV-A/commands', { as: duty, body: BODY })
      expect([status, body.error.code, body.error.details?.reason]).toEqual([422, 'refused', refusal])
      expect(body.error.message).toMatch(/\p{Script=Han}.*[a-z]/u)
    }
    world.commandRefusal = null
  })

  it('asks for a reason, and takes nothing that it does not know', async () => {
    for (const body of [
      { name: 'self_test' },
      { ...BODY, reason: ' ' },
      { ...BODY, expires: 1 },
      { ...BODY, args: [] },
    ])
      expect((await world.call('POST', '/devices/DEV-A/commands', { as: duty, body })).status).toBe(400)
  })

  it('a telephone gives its password once more after its time; a wrong one is throttled, a right one lets it on', async () => {
    const now = Date.now()
    world.clock = () => now + 16 * 60_000
    try {
      const as = await world.newSession('installer')
      const send = () => world.call<Refused>('POST', '/devices/DEV-B/commands', { as, body: BODY })
      expect((await send()).status).toBe(201)
      world.clock = () => now + 32 * 60_000
      expect((await send()).body.error.details?.reason).toBe('confirm_password')
      const confirm = (password: string) =>
        world.call<Refused & { until: number }>('POST', '/session/confirm', { as, body: { password } })
      const wrong = await confirm('not this one')
      expect([wrong.status, wrong.body.error.details?.reason]).toEqual([422, 'wrong_password'])
      expect((await send()).status).toBe(422)
      expect((await confirm(PASSWORD)).body.until).toBe(now + 47 * 60_000)
      expect((await send()).status).toBe(201)
      // Another sign-in of the same person has given nothing.
      world.clock = () => now + 64 * 60_000
      expect((await send()).body.error.details?.reason).toBe('confirm_password')
      for (let i = 0; i < 5; i++) await confirm('not this one')
      expect((await confirm(PASSWORD)).status).toBe(429)
      // A desk is never asked.
      expect((await world.call('POST', '/devices/DEV-A/commands', { as: duty, body: BODY })).status).toBe(201)
      expect((await world.call('POST', '/session/confirm', { as: duty, body: { password: PASSWORD } })).body).toEqual({
        until: null,
      })
    } finally {
      world.clock = undefined
    }
  })

  it('a machine’s token gives the password of its user too', async () => {
    const actor = { userId: world.users['installer'] as string, name: 'installer', address: '127.0.0.1' }
    const { token } = await world.ledger.tokens.create(actor, { name: '脚本', expiresAt: null })
    const as = `Bearer ${token}`
    const refused = await world.call<Refused>('POST', '/devices/DEV-B/commands', { as, body: BODY })
    expect(refused.body.error.details?.reason).toBe('confirm_password')
  })

  it('G8 G9: the history is newest first, in pages, in scope, and in the audit without the reason’s words', async () => {
    const actor = { userId: world.users['duty'] as string, name: 'duty', address: '127.0.0.1' }
    const since = Date.now()
    for (const [index, name] of ['self_test', 'locate', 'mute'].entries()) {
      const command: Command = {
        ...commandOf({ name }),
        id: `c${index}`,
        requestedAt: since + index,
        deviceId: 'DEV-A',
      }
      await world.ledger.commands.add(actor, command)
      await world.ledger.commands.save({ ...command, state: 'done', endedAt: since + 10, ending: 'answered_ok' })
    }
    const path = '/devices/DEV-A/commands?limit=2'
    const page = await world.call<{ items: Command[]; next: string; total: number }>('GET', path, { as: duty })
    expect([page.body.items.map(({ name }) => name), page.body.total]).toEqual([['mute', 'locate'], 3])
    const rest = await world.call<{ items: Command[]; next: null }>('GET', `${path}&cursor=${page.body.next}`, {
      as: duty,
    })
    expect(rest.body.items).toMatchObject([{ name: 'self_test', state: 'done', reason: '例行' }])
    expect((await world.call('GET', path, { as: await world.as('installer') })).status).toBe(404)
    const audit = await world.ledger.audit.list({ limit: 10, subject: 'device:DEV-A' })
    expect(audit.items.filter(({ action }) => action === 'device.command').map(({ fields }) => fields)).toEqual([
      ['mute'],
      ['locate'],
      ['self_test'],
    ])
    expect(JSON.stringify(audit.items)).not.toContain('例行')
  })

  it('what goes on with one is told to pages at once', async () => {
    const { client } = await live(world, duty)
    const told = next(client, 'command')
    const command = commandOf({ deviceId: 'DEV-A' })
    for (const tell of world.source.commands) tell({ command, siteId: world.sites.a, areaIds: world.areaIds.a })
    expect(await told).toEqual({ deviceId: 'DEV-A', command })
    client.close()
  })
})
