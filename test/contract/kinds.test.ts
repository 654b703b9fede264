// The public names and figures of every kind, written down a second time: a slip in one of the two tables is a failure here.
import { describe, expect, it } from 'vitest'
import { COMMON_METRICS } from '../../contract/kinds/common.ts'
import { CHANNELS, KIND_NAMES, signalOf } from '../../contract/kinds/kind.ts'
import { KINDS, attributeOf, commandOf, defaultRulesFor, eventOf, metricOf } from '../../contract/kinds/table.ts'
import type { Kind, KindName } from '../../contract/kinds/kind.ts'

const kinds: readonly Kind[] = KIND_NAMES.map((name) => KINDS[name])

/** One line a metric: name unit min max step; `∑` marks a counter, `-` no unit. */
const METRICS: Record<KindName | 'common', string> = {
  common: `
    battery % 0 100 1
    battery_voltage V 0 60 0.01
    rssi dBm -150 0 1
    device_temperature ℃ -35 125 0.1
    humidity %RH 0 100 0.1`,
  electricity: `
    residual_current mA 0 10000 0.1
    temperature_a ℃ -30 200 0.1
    temperature_b ℃ -30 200 0.1
    temperature_c ℃ -30 200 0.1
    temperature_n ℃ -30 200 0.1
    voltage_a V 0 500 0.1
    voltage_b V 0 500 0.1
    voltage_c V 0 500 0.1
    current_a A 0 5000 0.01
    current_b A 0 5000 0.01
    current_c A 0 5000 0.01
    current_n A 0 5000 0.01
    power W -1000000 1000000 1
    power_a W -1000000 1000000 1
    power_b W -1000000 1000000 1
    power_c W -1000000 1000000 1
    reactive_power var -1000000 1000000 1
    power_factor - -1 1 0.001
    frequency Hz 45 55 0.01
    energy kWh 0 99999999 0.01 ∑
    energy_export kWh 0 99999999 0.01 ∑
    arc_count - 0 4294967295 1 ∑
    breaker_closed - 0 1 1`,
  gas: `
    gas_lel %LEL 0 100 0.1
    co_ppm ppm 0 5000 1
    valve_closed - 0 1 1
    fan_on - 0 1 1`,
  smoke: `
    smoke - 0 1 1
    smoke_contamination % 0 100 1
    temperature ℃ -30 150 0.1`,
  access: `
    door_open - 0 1 1
    lock_locked - 0 1 1`,
  charger: `
    charging - 0 1 1
    power W 0 7000 1
    voltage_a V 0 500 0.1
    current_a A 0 64 0.01
    energy kWh 0 99999999 0.01 ∑
    session_energy kWh 0 200 0.01
    session_seconds s 0 172800 1
    temperature ℃ -30 150 0.1
    residual_current mA 0 1000 0.1
    smoke - 0 1 1`,
  water: `
    water_leak - 0 1 1
    water_level m 0 100 0.01
    water_pressure MPa 0 10 0.001
    flow m³/h 0 10000 0.01
    volume m³ 0 99999999 0.001 ∑
    temperature ℃ -30 100 0.1`,
  gateway: `
    children_online - 0 2000 1
    mains_on - 0 1 1
    storage_free % 0 100 1`,
  camera: '',
}

/** `x/y` a pair, `x!` momentary, `x.` log; data keys in brackets, on both sides of a pair. */
const EVENTS: Record<KindName | 'common', string> = {
  common: `fault/fault_cleared(part,code) tamper/tamper_cleared manual_alarm/manual_alarm_cleared mains_lost/mains_restored
    battery_low/battery_ok end_of_life! setting_changed!(name,from,to,by) self_test.(ok) muted.(by,reason) reset.(by,reason)
    restarted.(by,reason)`,
  electricity: `residual_current_alarm/residual_current_alarm_cleared(value) over_temperature/over_temperature_cleared(channel,value)
    over_voltage/over_voltage_cleared(channel,value) under_voltage/under_voltage_cleared(channel,value)
    over_current/over_current_cleared(channel,value) phase_loss/phase_loss_cleared(channel,value) arc_fault!(channel)
    short_circuit!(channel) breaker_tripped/breaker_reclosed(cause,by) breaker_opened.(by)`,
  gas: `gas_low/gas_low_cleared(value) gas_high/gas_high_cleared(value) co_alarm/co_alarm_cleared(value) valve_closed.(by)
    valve_opened.(by) warming_up. ready.`,
  smoke: 'smoke_alarm/smoke_cleared heat_alarm/heat_cleared contaminated/contaminated_cleared',
  access: `access_granted.(credential,person,reason) access_denied.(credential,person,reason) door_opened. door_closed.
    door_forced/door_forced_cleared door_held/door_held_cleared(seconds) duress! fire_release. fire_release_cleared.`,
  charger: `session_started.(session) session_ended.(session,reason,energy,seconds) over_power/over_power_cleared
    over_temperature/over_temperature_cleared float_charging/float_charging_cleared smoke_alarm/smoke_cleared short_circuit!`,
  water: 'water_leak_alarm/water_leak_cleared hydrant_opened!',
  gateway: 'link_changed.(link) roll_call_answered.(operator)',
  camera: 'video_lost/video_restored',
}

/** name, seconds until expiry, `!` = needs a reason and a second person; arguments with their range. */
const COMMANDS: Record<KindName | 'common', string> = {
  common: `self_test 60 · mute 30 seconds:1..600 · reset 30 · locate 30 seconds:1.. · reboot 60 · set_interval 300 seconds:10..86400 ·
    set_limit! 60 name value`,
  electricity: 'breaker_open! 30 · breaker_close! 30',
  gas: 'valve_close 30',
  smoke: '',
  access: 'door_unlock! 15 seconds:1..30 · door_hold_open! 15 minutes:1..120 · door_normal 15',
  charger: 'charge_stop 30 · port_disable! 60 · port_enable! 60',
  water: '',
  gateway: 'roll_call 3600 minutes:1..60 · time_sync 30',
  camera: '',
}

const ATTRIBUTES: Record<KindName | 'common', string> = {
  common: `maker model serial firmware simIccid installedAt installer owner funding=government|enterprise|landlord productionDate
    serviceYears location outside reportEverySeconds inServiceFrom critical exempt=none|medical|refrigeration power=mains|battery`,
  electricity: `position=incoming|secondary|final ratedCurrentA rcdMa insulation=pvc|xlpe|rubber phases=1|3 powerLimitW pv`,
  gas: 'gas=methane|propane|town|none use=household|commercial|industrial valve=none|solenoid|manipulator|self_closing valveYears',
  smoke: 'detector=smoke|heat|combined standard muteAuthorised',
  access: 'exit heldAfterSeconds',
  charger: 'ratedPowerW indoor',
  water: 'purpose=leak|tank|hydrant|indoor_hydrant|sprinkler minPressureMpa levelLowM levelHighM',
  gateway: 'dialect address',
  camera: 'channelId url covers',
}

const words = (text: string, separator: RegExp | string = /\s+/) =>
  text
    .split(separator)
    .map((word) => word.trim().replace(/\s+/g, ' '))
    .filter((word) => word !== '')

const ownAndCommon = (table: Record<KindName | 'common', string>, kind: KindName, separator: RegExp | string) => [
  ...words(table[kind], separator),
  ...(kind === 'camera' ? [] : words(table.common, separator)),
]

const metricLine = (m: Kind['metrics'][number]) =>
  [m.name, m.unit || '-', m.min, m.max, m.step, ...(m.cumulative ? ['∑'] : [])].join(' ')

function eventWords(kind: Kind): string[] {
  return kind.events.flatMap((event) => {
    const data = event.data.length > 0 ? `(${event.data.join(',')})` : ''
    switch (event.role) {
      case 'raise': {
        const back = kind.events.filter((other) => other.role === 'return' && other.of === event.name)
        expect(back.map(({ data }) => data)).toEqual([event.data])
        return [`${event.name}/${back[0]?.name}${data}`]
      }
      case 'return':
        expect(eventOf(kind.name, event.of ?? '')?.role).toBe('raise')
        return []
      case 'momentary':
        return [`${event.name}!${data}`]
      case 'log':
        return [`${event.name}.${data}`]
    }
  })
}

const commandLine = (c: Kind['commands'][number]) =>
  [
    c.name + (c.dangerous ? '!' : ''),
    c.expiry,
    ...Object.entries(c.args).map(([name, { min, max }]) => name + (min === undefined ? '' : `:${min}..${max ?? ''}`)),
  ].join(' ')

const attributeWord = ({ name, type }: Kind['attributes'][number]) =>
  typeof type === 'object' ? `${name}=${type.oneOf.join('|')}` : name

describe.each(KIND_NAMES)('kind %s', (name) => {
  const kind: Kind = KINDS[name]

  it('has the metrics of the specification, in column order', () => {
    expect(kind.name).toBe(name)
    expect(kind.metrics.map(metricLine)).toEqual(ownAndCommon(METRICS, name, '\n'))
  })

  it('has the events of the specification', () => {
    expect(eventWords(kind)).toEqual(ownAndCommon(EVENTS, name, /\s+/))
  })

  it('obeys the commands of the specification', () => {
    const expected = ownAndCommon(COMMANDS, name, '·')
    expect(kind.commands.map(commandLine)).toEqual(
      name === 'gateway' ? expected.map((line) => line.replace('reboot ', 'reboot! ')) : expected,
    )
  })

  it('is described by the attributes of the specification', () => {
    expect(kind.attributes.map(attributeWord)).toEqual(ownAndCommon(ATTRIBUTES, name, /\s+/))
  })

  it('names nothing twice, and everything in both languages', () => {
    for (const list of [kind.metrics, kind.events, kind.commands, kind.attributes]) {
      expect(new Set(list.map((entry) => entry.name)).size).toBe(list.length)
      for (const { label } of list) {
        expect(label.zh).toMatch(/\p{Script=Han}|SIM|ICCID/u)
        expect(label.en).not.toMatch(/\p{Script=Han}/u)
      }
    }
  })

  it('has columns that any store takes: lower case, no quoting, apart by more than case', () => {
    for (const { name } of kind.metrics) expect(name).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/)
  })

  it('gives each 0/1 metric the meaning of 1, and only those', () => {
    for (const metric of kind.metrics) {
      expect(metric.binary !== undefined).toBe(metric.min === 0 && metric.max === 1 && metric.step === 1)
    }
  })
})

describe('figures of kinds', () => {
  it('reports as often as the specification says', () => {
    expect(Object.fromEntries(kinds.map(({ name, reportEverySeconds }) => [name, reportEverySeconds]))).toEqual({
      electricity: 60,
      gas: 60,
      smoke: 86_400,
      access: 60,
      charger: 300,
      water: 3_600,
      gateway: 60,
      camera: null,
    })
  })

  it('defaults attributes as the specification says', () => {
    const defaults = (kind: KindName) =>
      Object.fromEntries(
        KINDS[kind].attributes.flatMap(({ name, default: value }) => (value === undefined ? [] : [[name, value]])),
      )
    expect(defaults('electricity')).toMatchObject({
      position: 'incoming',
      insulation: 'pvc',
      power: 'mains',
      exempt: 'none',
    })
    expect(defaults('gas')).toMatchObject({ valveYears: 10 })
    expect(defaults('access')).toMatchObject({ heldAfterSeconds: 120 })
    expect(defaults('smoke')).toMatchObject({ power: 'battery' })
    expect(defaults('electricity')).not.toHaveProperty('phases')
  })

  it('lets a roll call live as long as it asks, a valve close in one step, and a smoke detector be muted only with authorisation', () => {
    expect(commandOf('gateway', 'roll_call')?.expiryArgument).toEqual({ name: 'minutes', unitSeconds: 60 })
    expect(commandOf('gas', 'valve_close')).toMatchObject({ dangerous: false, reasonAfterwards: true })
    expect(commandOf('smoke', 'mute')?.ownerAuthorisation).toBe(true)
    expect(commandOf('gas', 'mute')?.ownerAuthorisation).toBeUndefined()
  })

  it('has no command that must not exist', () => {
    for (const { commands } of kinds) {
      for (const { name } of commands) expect(['valve_open', 'door_lock', 'charge_start']).not.toContain(name)
    }
  })

  it('splits names into signal and channel, the channels being a b c n', () => {
    const split = new Map(kinds.flatMap(({ metrics }) => metrics.map(({ name }) => [name, signalOf(name)] as const)))
    expect(split.get('temperature_n')).toEqual({ signal: 'temperature', channel: 'n' })
    expect(split.get('residual_current')).toEqual({ signal: 'residual_current', channel: '' })
    expect(split.get('gas_lel')).toEqual({ signal: 'gas_lel', channel: '' })
    for (const [name, { signal, channel }] of split) {
      expect(channel === '' ? signal : `${signal}_${channel}`).toBe(name)
      // A last part of one letter that is no channel would be a typing error.
      if (/_[a-z]$/.test(name)) expect(CHANNELS).toContain(name.slice(-1))
    }
  })

  it('takes no usual error code for a value, except where it is an honest one', () => {
    const accepting = (code: number) =>
      kinds.flatMap((kind) =>
        kind.metrics
          .filter(({ min, max, errorCodes }) => code >= min && code <= max && !errorCodes?.includes(code))
          .map(({ name }) => `${kind.name}.${name}`),
      )
    // A counter passes every number.
    const counters = kinds.flatMap((kind) =>
      kind.metrics.filter(({ cumulative }) => cumulative).map(({ name }) => `${kind.name}.${name}`),
    )
    expect(accepting(6553.5)).toEqual(counters)
    expect(accepting(65_535)).toEqual(counters)
    // −40 is an honest signal strength, and a roof that feeds 40 W back.
    const signed = ['power', 'power_a', 'power_b', 'power_c', 'reactive_power'].map((name) => `electricity.${name}`)
    expect(accepting(-40).filter((name) => !name.endsWith('.rssi'))).toEqual(signed)
  })

  it('appends the common columns to every kind but the camera', () => {
    for (const kind of kinds) {
      const tail = kind.metrics.slice(-COMMON_METRICS.length)
      expect(tail).toEqual(kind.name === 'camera' ? [] : COMMON_METRICS)
    }
  })
})

describe('lookup by name', () => {
  it('finds what is there', () => {
    expect(metricOf('gas', 'gas_lel')?.unit).toBe('%LEL')
    expect(eventOf('smoke', 'smoke_alarm')?.role).toBe('raise')
    expect(attributeOf('water', 'purpose')?.label.zh).toBe('用途')
  })

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', '', 'gas_lel '])(
    'knows nothing named %j',
    (name) => {
      for (const kind of KIND_NAMES) {
        expect(metricOf(kind, name)).toBeUndefined()
        expect(eventOf(kind, name)).toBeUndefined()
        expect(commandOf(kind, name)).toBeUndefined()
        expect(attributeOf(kind, name)).toBeUndefined()
      }
      // A kind from outside that slipped past the types finds nothing either.
      expect(metricOf(name as KindName, 'battery')).toBeUndefined()
      expect(defaultRulesFor(name as KindName)).toEqual([])
    },
  )
})
