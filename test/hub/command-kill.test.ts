// G7 over the whole hub: killed while a command is under way, it sends nothing again, takes an answer that comes in time, and
// says of the others what it knows.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import mqtt from 'mqtt'
import type { MqttClient } from 'mqtt'
import type { Command } from '../../contract/http/commands.ts'
import { commandTopic, upTopic } from '../../contract/topics.ts'
import { Api } from '../support/api.ts'
import { ADMIN_PASSWORD, startHubProcess, until } from '../support/hub-process.ts'
import type { HubProcess } from '../support/hub-process.ts'

describe('a hub that is killed', () => {
  let hub: HubProcess
  let admin: Api
  let token: string
  const clients: MqttClient[] = []
  beforeAll(async () => {
    hub = await startHubProcess()
    admin = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
    token = (await admin.ok<{ token: string }>('POST', '/devices', { id: 'g1', kind: 'gas', name: '厨房' })).token
  }, 120_000)
  afterAll(async () => {
    for (const client of clients) await client.endAsync(true)
    await hub?.dispose()
  })

  /** A device that hears and does nothing by itself. */
  async function listen(heard: string[]): Promise<MqttClient> {
    const options = { username: 'g1', password: token, reconnectPeriod: 0 }
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, options)
    clients.push(client)
    client.on('message', (_topic, payload) => heard.push((JSON.parse(payload.toString()) as { id: string }).id))
    await client.subscribeAsync(commandTopic('g1'), { qos: 1 })
    return client
  }
  const send = (name: string) => admin.ok<Command>('POST', '/devices/g1/commands', { name, reason: '例行' })
  const commands = async () => (await admin.ok<{ items: Command[] }>('GET', '/devices/g1/commands')).items
  const stateOf = async (id: string) => (await commands()).find((command) => command.id === id)

  it('G7: sends nothing again; an answer in time counts, a late one is rejected, silence is told for what it is', async () => {
    const heard: string[] = []
    await listen(heard)
    // Thirty seconds to live, and it is never answered.
    const silent = await send('mute')
    const answered = await send('self_test')
    await until('both arrived', () => heard.length === 2)
    await hub.kill()
    await hub.restart()
    admin = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
    const again: string[] = []
    const device = await listen(again)
    const reply = (id: string) =>
      device.publishAsync(upTopic('g1', 'replies'), JSON.stringify({ id, ok: true }), { qos: 1 })
    await reply(answered.id)
    expect(await stateOf(answered.id)).toMatchObject({ state: 'done', ending: 'answered_ok' })
    const next = await send('locate')
    await until('the next one arrived', () => again.length > 0)
    expect(again).toEqual([next.id])
    await until('the silent one has ended', async () => (await stateOf(silent.id))?.endedAt, 90_000)
    expect(await stateOf(silent.id)).toMatchObject({ state: 'expired', ending: 'hub_restarted', repliedAt: null })
    await reply(silent.id)
    expect(await stateOf(silent.id)).toMatchObject({ state: 'expired', repliedAt: null })
    const { byReason } = await admin.ok<{ byReason: Record<string, number> }>('GET', '/devices/g1/counters')
    expect(byReason['late_reply']).toBe(1)
    expect(again).toEqual([next.id])
  }, 180_000)
})
