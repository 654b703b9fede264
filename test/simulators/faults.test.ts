// Every fault does what it says, and nothing else.
import { describe, expect, it } from 'vitest'
import { KINDS } from '../../contract/kinds/table.ts'
import { decodeNative } from '../../ingest/codecs/native.ts'
import type { DeviceModel } from '../../simulators/devices/model.ts'
import {
  errorCodeOf,
  incident,
  INCIDENT_NAMES,
  INCIDENTS,
  misfit,
  parseIncident,
  secondsOf,
} from '../../simulators/incidents.ts'
import type { Incident, IncidentName } from '../../simulators/incidents.ts'
import { MISFIT_NAMES, MISFITS } from '../../simulators/malformed.ts'
import { messages } from '../../simulators/messages.ts'
import type { Message } from '../../simulators/messages.ts'
import { SIMULATED, SIMULATED_KINDS } from '../../simulators/town.ts'

const START = Date.UTC(2026, 10, 18, 4)
const MINUTE = 60_000
/** The fault acts from minute 10 to minute 20; messages are looked at from 0 to 60. */
const FROM = START + 10 * MINUTE
const UNTIL = START + 20 * MINUTE

const device = (...incidents: Incident[]): DeviceModel => SIMULATED.electricity('el-1', 5, incidents)
const fault = (name: IncidentName, given: { value?: number; metric?: string } = {}): Incident =>
  incident(name, FROM, { seconds: 600, ...given })
const hour = (model: DeviceModel): Message[] => messages(model, START, START + 60 * MINUTE)
const sound = hour(device())
const during = (list: readonly Message[]): Message[] => list.filter(({ at }) => at >= FROM && at < UNTIL)
const outside = (list: readonly Message[]): Message[] => list.filter(({ at }) => at < FROM || at >= UNTIL)
const bodyOf = ({ payload }: Message): { ts: number; values: Record<string, number> } =>
  JSON.parse(String(payload)) as { ts: number; values: Record<string, number> }

describe('sensor faults', () => {
  it('stuck: every value stays what it was when it stuck', () => {
    const list = hour(device(fault('stuck')))
    const frozen = device().values(FROM)
    expect(during(list)).toHaveLength(10)
    for (const message of during(list)) expect(bodyOf(message).values).toEqual(frozen)
    expect(outside(list)).toEqual(outside(sound))
  })

  it('stuck on one metric leaves the others alive', () => {
    const list = during(hour(device(fault('stuck', { metric: 'temperature_a' }))))
    const frozen = device().values(FROM)['temperature_a']
    for (const [index, message] of list.entries()) {
      const alive = bodyOf(during(sound)[index] as Message).values
      expect(bodyOf(message).values).toEqual({ ...alive, temperature_a: frozen })
    }
  })

  it('error_code: the probe sends 6553.5, its neighbours go on', () => {
    const list = during(hour(device(fault('error_code'))))
    expect(list).toHaveLength(10)
    for (const [index, message] of list.entries()) {
      const alive = bodyOf(during(sound)[index] as Message).values
      expect(bodyOf(message).values).toEqual({ ...alive, temperature_a: 6553.5 })
    }
  })

  it('error_code is out of range for the default probe of every kind', () => {
    for (const kind of SIMULATED_KINDS) {
      const model = SIMULATED[kind]('x', 1, [incident('error_code', START, { seconds: 86_400 })])
      const [first] = messages(model, START, START + 86_400_000).filter(({ channel }) => channel === 'readings')
      const decoded = decode(kind, first as Message)
      expect(decoded.rejected.map(({ reason }) => reason)).toEqual(['out_of_range'])
    }
  })

  it('clock: samples say another time, and nothing else changes', () => {
    const list = hour(device(fault('clock', { value: 3_600 })))
    expect(list.map(({ at }) => at)).toEqual(sound.map(({ at }) => at))
    for (const message of during(list)) expect(bodyOf(message).ts).toBe(message.at + 3_600_000)
    for (const message of during(list)) expect(message.samples).toEqual([message.at + 3_600_000])
    expect(outside(list)).toEqual(outside(sound))
  })
})

describe('link faults', () => {
  it.each(['dies', 'hangs'] as const)('%s: says nothing in between', (name) => {
    const list = hour(device(fault(name)))
    expect(during(list)).toEqual([])
    expect(outside(list)).toEqual(outside(sound))
  })

  it('link_down: nothing in between, then all of it in order, with the times it was measured', () => {
    const list = hour(device(fault('link_down')))
    expect(during(list)).toEqual([])
    const late = list.filter(({ at, samples }) => at >= UNTIL && (samples[0] as number) < UNTIL)
    expect(late.map(({ samples }) => samples)).toEqual(during(sound).map(({ samples }) => samples))
    expect(late.map(({ at }) => at)).toEqual(late.map(({ at }) => at).toSorted((a, b) => a - b))
    expect(new Set(list.map(({ payload }) => payload))).toEqual(new Set(sound.map(({ payload }) => payload)))
  })

  it('duplicate: the same bytes again, as often as asked', () => {
    const list = hour(device(fault('duplicate', { value: 2 })))
    for (const { payload, at } of sound) {
      const copies = list.filter((message) => message.payload === payload)
      expect(copies).toHaveLength(at >= FROM && at < UNTIL ? 3 : 1)
    }
  })

  it('out_of_order: the same messages, some overtaken by later ones', () => {
    const list = hour(device(fault('out_of_order', { value: 150 })))
    expect(list.map(({ payload }) => payload).toSorted()).toEqual(sound.map(({ payload }) => payload).toSorted())
    const measured = list.map(({ samples }) => samples[0] as number)
    expect(measured.some((ts, index) => index > 0 && ts < (measured[index - 1] as number))).toBe(true)
    for (const { at, samples } of list) expect(at - (samples[0] as number)).toBeLessThan(150_000)
  })

  it('drops: loses the share asked for, changes nothing else', () => {
    const day = (model: DeviceModel): string[] =>
      messages(model, START, START + 86_400_000).map(({ payload }) => String(payload))
    const whole = day(device())
    const left = day(device(incident('drops', START, { seconds: 86_400, value: 30 })))
    expect(whole).toEqual(expect.arrayContaining(left))
    expect(left.length / whole.length).toBeGreaterThan(0.63)
    expect(left.length / whole.length).toBeLessThan(0.77)
    expect(during(hour(device(fault('drops', { value: 100 }))))).toEqual([])
  })

  it('malformed: none of it can be kept, and the next sound message is', () => {
    const list = hour(device(fault('malformed')))
    expect(during(list)).toHaveLength(10)
    for (const message of during(list)) {
      expect(message.samples).toEqual([])
      expect(decode('electricity', message).readings.filter(({ values }) => Object.keys(values).length > 0)).toEqual([])
    }
    expect(outside(list)).toEqual(outside(sound))
  })

  it('several faults on one device act one after the other', () => {
    const list = during(hour(device(fault('clock', { value: -60 }), fault('error_code'), fault('duplicate'))))
    const [first, second] = [list[0] as Message, list[1] as Message]
    expect(first.payload).toBe(second.payload)
    expect(bodyOf(first)).toMatchObject({ ts: first.at - 60_000, values: { temperature_a: 6553.5 } })
  })
})

describe('misfit payloads', () => {
  const original = sound[0] as Message
  it.each(MISFIT_NAMES)('%s is refused for the reason it names, and nothing of it is kept', (name) => {
    const { reason, make } = MISFITS[name]
    const decoded = decode('electricity', { ...original, payload: make(String(original.payload)) })
    expect(decoded.rejected.map((rejected) => rejected.reason)).toEqual([reason])
    expect(decoded.readings.flatMap(({ values }) => Object.keys(values))).toEqual([])
  })

  it('all come up', () => {
    const list = messages(device(incident('malformed', START, { seconds: 86_400 })), START, START + 20_000_000)
    const reasons = new Set(
      list.flatMap((message) => decode('electricity', message).rejected.map(({ reason }) => reason)),
    )
    expect(reasons).toEqual(new Set(MISFIT_NAMES.map((name) => MISFITS[name].reason)))
  })
})

describe('the notation of --fault', () => {
  it('reads name, metric, device, start, duration and value', () => {
    expect(parseIncident('creep@el-001@30s+10m=318', 1_000)).toEqual({
      deviceId: 'el-001',
      incident: { name: 'creep', from: 31_000, until: 631_000, value: 318, metric: null },
    })
    expect(parseIncident('error_code:temperature_b@el-002@4m', 0).incident).toEqual({
      name: 'error_code',
      from: 240_000,
      until: 240_000 + INCIDENTS.error_code.seconds * 1000,
      value: 0,
      metric: 'temperature_b',
    })
    expect(parseIncident('clock@x@0=-7200', 0).incident.value).toBe(-7_200)
  })

  it.each([
    ['leak', 'start'],
    ['flood@el-1@3s', 'not a known fault'],
    ['constructor@el-1@3s', 'not a known fault'],
    ['leak@gas-1@3x', 'start'],
    ['leak:gas_lel@gas-1@3s', 'acts on no metric'],
    ['dies@el-1@3s=4', 'takes no value'],
    ['leak@gas-1@3s=400', '100 %LEL'],
  ])('refuses %s with a sentence', (text, sentence) => {
    expect(() => parseIncident(text, 0)).toThrow(sentence)
  })

  it('knows which fault fits which kind', () => {
    expect(misfit('gas', incident('creep', 0))).toContain('only for electricity')
    expect(misfit('gas', incident('stuck', 0, { metric: 'door_open' }))).toContain('no metric')
    expect(misfit('electricity', incident('error_code', 0, { metric: 'energy' }))).toContain('every error code')
    expect(misfit('electricity', incident('error_code', 0, { metric: 'temperature_n' }))).toBeNull()
    expect(errorCodeOf('electricity', 'residual_current')).toBe(6553.5)
  })

  it('reads times', () => {
    expect(['90', '90s', '1.5m', '2h', '', '3d', '-1s'].map(secondsOf)).toEqual([90, 90, 90, 7_200, null, null, null])
  })

  it('names metrics and kinds that exist', () => {
    for (const name of INCIDENT_NAMES) {
      const { kind } = INCIDENTS[name]
      if (kind !== null) expect(KINDS).toHaveProperty(kind)
      expect(misfit(kind ?? 'gas', incident(name, 0))).toBeNull()
    }
  })
})

function decode(kind: (typeof SIMULATED_KINDS)[number], message: Message): ReturnType<typeof decodeNative> {
  return decodeNative({
    deviceId: message.deviceId,
    kind,
    channel: message.channel,
    payload: Buffer.from(message.payload as string),
    receivedAt: message.at,
    will: false,
    position: 0,
    lastReceiptTs: 0,
  })
}
