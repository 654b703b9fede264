// Devices as they are in the field, Mosquitto's own clients, against the whole hub: over TCP and TLS, with a will, silent
// and back, with a token that changes, and those that must not come in.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Alarm } from '../../contract/alarms.ts'
import type { Device as DeviceInfo } from '../../contract/http/devices.ts'
import type { KindName } from '../../contract/kinds/kind.ts'
import type { VersionedRule } from '../../contract/rules.ts'
import { Api, Screen } from '../support/api.ts'
import { makeCertificate } from '../support/certificate.ts'
import type { CertificateFiles } from '../support/certificate.ts'
import { ADMIN_PASSWORD, startHubProcess, until } from '../support/hub-process.ts'
import type { HubProcess } from '../support/hub-process.ts'
import { listen, NOT_AUTHORISED, publish, TOOLS_MISSING } from './mosquitto-clients.ts'
import type { Device, Door, Listener } from './mosquitto-clients.ts'

describe.skipIf(TOOLS_MISSING)('Mosquitto’s clients as devices', () => {
  let folder: string
  let certificate: CertificateFiles
  let hub: HubProcess
  let api: Api
  let screen: Screen
  /** What the feed said of each device's presence. */
  const presence = new Map<string, boolean[]>()
  const listeners: Listener[] = []
  const doors = {} as Record<'TCP' | 'TLS', Door>

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zhian-clients-'))
    certificate = makeCertificate(folder)
    setDefaultCACertificates([...getCACertificates('default'), certificate.cert])
    hub = await startHubProcess({
      environment: { ZHIAN_TLS_CERT: certificate.certPath, ZHIAN_TLS_KEY: certificate.keyPath },
    })
    doors.TCP = { port: hub.mqttPort }
    doors.TLS = { port: hub.mqttsPort, ca: certificate.certPath }
    api = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
    screen = new Screen(hub.base, api.token)
    screen.socket.on('device', ({ deviceId, online }) =>
      presence.set(deviceId, [...(presence.get(deviceId) ?? []), online]),
    )
    await until('the screen is live', () => screen.live)
  })
  afterAll(async () => {
    screen?.close()
    await Promise.all(listeners.map((listener) => listener.kill()))
    await hub?.dispose()
    rmSync(folder, { recursive: true, force: true })
  })

  let made = 0
  const register = async (kind: KindName, attributes: Record<string, string | number> = {}): Promise<Device> => {
    const id = `${kind}-${made++}`
    const { token } = await api.ok<{ token: string }>('POST', '/devices', { id, kind, name: id, attributes })
    return { id, token }
  }
  const info = (id: string): Promise<DeviceInfo> => api.ok<DeviceInfo>('GET', `/devices/${id}`)
  const heard = (id: string, ruleId: string): string[] =>
    screen.seen
      .filter(({ alarm }) => alarm.deviceId === id && alarm.ruleId === ruleId)
      .map(({ type, reason }) => `${type} ${reason}`)
  const listening = async (device: Device, door: Door, options?: readonly string[]): Promise<Listener> => {
    const listener = listen(device, door, options)
    listeners.push(listener)
    await until('the listener has its subscription', () => listener.output().includes('received SUBACK'))
    return listener
  }

  describe.each(['TCP', 'TLS'] as const)('over %s', (transport) => {
    it('G1: what mosquitto_pub got a PUBACK for is there to be read at once', async () => {
      const device = await register('electricity')
      for (const [qos, value] of [
        ['1', 11.5],
        ['2', 12.5],
      ] as const) {
        const ts = Date.now()
        const body = { ts, values: { residual_current: value } }
        expect(await publish(device, doors[transport], { channel: 'readings', body }, ['-q', qos])).toEqual({
          code: 0,
          output: '',
        })
        const { values } = await api.ok<{ values: unknown[] }>('GET', `/devices/${device.id}/latest`)
        expect(values).toEqual([{ metric: 'residual_current', value, unit: 'mA', ts }])
      }
    })

    it('G2: an alarm that mosquitto_pub caused is in the ledger with its PUBACK, and comes to the screen', async () => {
      const device = await register('gas')
      const body = { ts: Date.now(), values: { gas_lel: 30 } }
      await publish(device, doors[transport], { channel: 'readings', body })
      const { items } = await api.ok<{ items: Alarm[] }>('GET', `/alarms?open=true&deviceId=${device.id}`)
      expect(items).toMatchObject([{ ruleId: 'gas.gas_lel', level: 'alarm', priority: 1, value: 30, unit: '%LEL' }])
      await until('the screen has it', () => heard(device.id, 'gas.gas_lel').length > 0)
      expect(heard(device.id, 'gas.gas_lel')).toEqual(['raised threshold'])
    })

    it('G10: a payload that cannot be read is acknowledged, counted and shown', async () => {
      const device = await register('electricity')
      expect((await publish(device, doors[transport], { channel: 'readings', body: '{"values":' })).code).toBe(0)
      const samples = await until('the sample is kept', async () => {
        const { items } = await api.ok<{ items: { reason: string; sample: string }[] }>(
          'GET',
          `/devices/${device.id}/rejections`,
        )
        return items.length > 0 ? items : null
      })
      expect(samples).toMatchObject([{ sample: '{"values":' }])
    })

    it('G4: a listener that is killed is greyed by its will, and nothing it said is cleared by it', async () => {
      const device = await register('gas')
      const listener = await listening(device, doors[transport])
      await publish(device, doors[transport], {
        channel: 'readings',
        body: { ts: Date.now(), values: { gas_lel: 12 } },
      })
      expect((await info(device.id)).online).toBe(true)
      await listener.kill()
      await until('the device is grey', async () => !(await info(device.id)).online)
      await until('the screen greys it', () => presence.get(device.id)?.at(-1) === false)
      const { items } = await api.ok<{ items: Alarm[] }>('GET', `/alarms?open=true&deviceId=${device.id}`)
      expect(items).toMatchObject([{ ruleId: 'gas.gas_lel', condition: 'active', level: 'warn' }])
    })

    it('G9: a device may neither speak nor listen for another', async () => {
      const [own, other] = [await register('electricity'), await register('electricity')]
      const body = { ts: Date.now(), values: { residual_current: 9 } }
      // 3.1.1 has no other answer than to end the connection: no PUBACK comes, and the tool gives up on its own account.
      const spoken = publish(own, doors[transport], { channel: 'readings', body, of: other.id })
      await until('the refusal is counted', async () => {
        const { refused } = await api.ok<{ refused: Record<string, number> }>('GET', '/counters')
        return Object.values(refused).some((count) => count > 0)
      })
      expect((await spoken).code).not.toBe(0)
      expect((await api.ok<{ values: unknown[] }>('GET', `/devices/${other.id}/latest`)).values).toEqual([])
      const eavesdropper = listen(own, doors[transport], ['-t', `zhian/v1/${other.id}/commands`])
      listeners.push(eavesdropper)
      await until('it is answered', () => /SUBACK|denied|disconnect|Connection/i.test(eavesdropper.output()))
      await eavesdropper.kill()
      expect(eavesdropper.output()).not.toContain('received PUBLISH')
    })
  })

  it('a device that trusts another authority does not talk to the hub', async () => {
    const stranger = makeCertificate(folder, 'stranger')
    const device = await register('electricity')
    const body = { values: { residual_current: 9 } }
    const { code } = await publish(
      device,
      { port: hub.mqttsPort, ca: stranger.certPath },
      { channel: 'readings', body },
    )
    expect(code).not.toBe(0)
    expect((await info(device.id)).lifecycle).toBe('registered')
  })

  it('the pages are https with a certificate: a secure cookie, and nothing over plain http', async () => {
    const session = await fetch(`${hub.base}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: hub.base },
      body: JSON.stringify({ username: 'admin', password: ADMIN_PASSWORD }),
    })
    const [cookie = ''] = session.headers.getSetCookie()
    expect(cookie).toMatch(/^__Host-/)
    expect(cookie).toMatch(/; Secure/)
    await expect(fetch(hub.base.replace('https:', 'http:'))).rejects.toThrow()
  })

  it('G4: a device falls silent, is heard again, and is said to be flapping when it keeps breaking off', async () => {
    // As an administrator would who wants to hear of it sooner: two seconds instead of two and a half minutes.
    const rule = await api.ok<VersionedRule>('GET', '/rules/smoke/device.silent')
    const levels = [{ name: 'warn', intervals: 0, atLeast: 1, grace: 1, priority: 4 }]
    await api.ok('PUT', '/rules/smoke/device.silent', { ...rule, variants: [{ levels }] })
    const device = await register('smoke', { reportEverySeconds: 1 })
    const say = () =>
      publish(device, doors.TCP, { channel: 'readings', body: { ts: Date.now(), values: { battery: 80 } } })
    await say()
    await until('it is said to be silent', () => heard(device.id, 'device.silent').length > 0)
    expect(heard(device.id, 'device.silent')).toEqual(['raised silent'])
    expect((await info(device.id)).online).toBe(false)
    await say()
    await until('it is heard again', () => heard(device.id, 'device.silent').length >= 3)
    expect(heard(device.id, 'device.silent').slice(0, 3)).toEqual([
      'raised silent',
      'returned heard_again',
      'closed not_required',
    ])
    // It has connected, reported and taken leave twice already; that is how it works, not flapping.
    for (let report = 0; report < 3; report++) await say()
    expect((await info(device.id)).online).toBe(true)
    expect(heard(device.id, 'device.flapping')).toEqual([])
    for (let round = 0; round < 3; round++) {
      const listener = await listening(device, doors.TCP)
      await listener.kill()
    }
    await until('it is said to be flapping', () => heard(device.id, 'device.flapping').length > 0)
    expect(heard(device.id, 'device.flapping')).toEqual(['raised repeated'])
    // Its last word was a will: this time the silence carries that reason.
    await until('it is silent again', () => heard(device.id, 'device.silent').length > 3)
    expect(heard(device.id, 'device.silent').slice(3)).toEqual(['raised will'])
  })

  it('a new token cuts the connection of the old one at once, and only the new one opens the door', async () => {
    const device = await register('electricity')
    const listener = await listening(device, doors.TCP)
    const { token } = await api.ok<{ token: string }>('POST', `/devices/${device.id}/token`)
    // The tool comes back by itself with the old token, and is told why it may not.
    const { code, output } = await listener.finished
    expect(output).toMatch(/not authori[sz]ed/i)
    expect(code).toBe(NOT_AUTHORISED)
    const message = { channel: 'readings', body: { values: { residual_current: 9 } } } as const
    expect((await publish(device, doors.TCP, message)).code).toBe(NOT_AUTHORISED)
    expect((await publish({ id: device.id, token }, doors.TCP, message)).code).toBe(0)
  })

  it('a device that is not registered, has the wrong token, or is retired does not come in', async () => {
    const message = { channel: 'readings', body: { values: { residual_current: 9 } } } as const
    const device = await register('electricity')
    expect((await publish({ id: 'nobody', token: device.token }, doors.TCP, message)).code).toBe(NOT_AUTHORISED)
    expect((await publish({ id: device.id, token: `${device.token}x` }, doors.TCP, message)).code).toBe(NOT_AUTHORISED)
    expect((await publish(device, doors.TCP, message)).code).toBe(0)
    const listener = await listening(device, doors.TCP)
    await api.ok('PATCH', `/devices/${device.id}`, { lifecycle: 'retired' })
    expect((await listener.finished).code).toBe(NOT_AUTHORISED)
    expect((await publish(device, doors.TCP, message)).code).toBe(NOT_AUTHORISED)
  })

  it('G9: another device that takes a client id does not take the session behind it', async () => {
    const [victim, thief] = [await register('electricity'), await register('electricity')]
    const listener = await listening(victim, doors.TCP, ['-i', 'the-same', '-c'])
    await publish(thief, doors.TCP, { channel: 'readings', body: { values: { residual_current: 9 } } }, [
      ...['-q', '1', '-i', 'the-same'],
    ])
    const robber = await listening(thief, doors.TCP, ['-i', 'the-same', '-c'])
    // The session that the thief resumed is one of its own: a new one.
    expect(robber.output()).not.toMatch(/session present/i)
    const still = await Promise.race([
      listener.finished,
      publish(victim, doors.TCP, { channel: 'readings', body: { values: { residual_current: 8 } } }),
    ])
    expect(still).toEqual({ code: 0, output: '' })
    expect((await info(victim.id)).online).toBe(true)
  })
})
