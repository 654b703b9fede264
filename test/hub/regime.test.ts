// The regime of a site reaches the alarm engine through a running hub, at once and after a start, and so does its end.
import mqtt from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Alarm } from '../../contract/alarms.ts'
import type { AlarmDetail } from '../../contract/http/alarms.ts'
import { Api } from '../support/api.ts'
import { ADMIN_PASSWORD, startHubProcess, until } from '../support/hub-process.ts'
import type { HubProcess } from '../support/hub-process.ts'

const NOT_OFF = 'electricity.not_off'
const MINUTE = 60_000

describe('regime of a site', () => {
  let hub: HubProcess
  let admin: Api
  let siteId = ''
  let token = ''
  beforeAll(async () => {
    hub = await startHubProcess()
    admin = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
    siteId = (await admin.ok<{ id: string }>('POST', '/sites', { name: '石材厂', area: '示范县/北山镇' })).id
    const device = { id: 'E-1', kind: 'electricity', name: '总进线', siteId }
    token = (await admin.ok<{ token: string }>('POST', '/devices', device)).token
  }, 120_000)
  afterAll(() => hub?.dispose())

  /** Current that has flowed for two minutes: the delay of the rule runs by the samples' own time. */
  async function draw(amperes: number): Promise<void> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, {
      username: 'E-1',
      password: token,
    })
    for (const ts of [Date.now() - 2 * MINUTE, Date.now()])
      await client.publishAsync('zhian/v1/E-1/readings', JSON.stringify({ ts, values: { current_a: amperes } }), {
        qos: 1,
      })
    await client.endAsync()
  }
  const alarms = async (): Promise<Alarm[]> =>
    (await admin.ok<{ items: Alarm[] }>('GET', '/alarms')).items.filter(({ ruleId }) => ruleId === NOT_OFF)

  it('under no order the current is nobody’s business; under suspension it is an alarm, until the order is lifted', async () => {
    await draw(3)
    expect(await alarms()).toEqual([])

    const regime = { name: 'suspended', since: '2026-11-01', basis: '安监停 7 号' }
    await admin.ok('PATCH', `/sites/${siteId}`, { regime })
    await draw(3)
    const [raised] = await until('the alarm is raised', async () => {
      const found = await alarms()
      return found.length > 0 && found
    })
    expect(raised).toMatchObject({ priority: 2, condition: 'active', category: 'electrical', signal: 'current' })

    await admin.ok('PATCH', `/sites/${siteId}`, { regime: { name: 'normal' } })
    const ended = await until('the alarm has returned', async () => {
      const alarm = await admin.ok<AlarmDetail>('GET', `/alarms/${raised?.id}`)
      return alarm.condition === 'normal' && alarm
    })
    expect(ended.reason).toBe('regime_ended')
    await draw(3)
    expect((await alarms()).length).toBe(1)
  }, 120_000)
})
