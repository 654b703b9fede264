// The messages of the fault-point tests, by number: the same in every life of the process, so that whoever sends again
// sends the same bytes, and whoever checks knows what each one must have caused.
import type { KindName } from '../../contract/kinds/kind.ts'
import type { UpChannel } from '../../contract/topics.ts'

const METERS = 12
/** One in so many messages is a gas alarm, each on a detector of its own. */
const GAS_EVERY = 12
const GAS = 200
/** And two neighbours in so many are an arc and smoke in one house, a house of their own. */
const HOUSES = 200
const ARC = 5

interface ScriptedDevice {
  readonly id: string
  readonly kind: KindName
  readonly area?: string
  readonly site?: string
}

const houseOf = (house: number): ScriptedDevice[] => {
  const place = { area: '示范县/青禾街道/槐荫社区', site: `槐荫 ${house} 号` }
  return [
    { id: `arc-${house}`, kind: 'electricity', ...place },
    { id: `smoke-${house}`, kind: 'smoke', ...place },
  ]
}

export const DEVICES: readonly ScriptedDevice[] = [
  ...Array.from({ length: METERS }, (_, i) => ({ id: `meter-${i}`, kind: 'electricity' as const })),
  ...Array.from({ length: GAS }, (_, i) => ({ id: `gas-${i}`, kind: 'gas' as const })),
  ...Array.from({ length: HOUSES }, (_, i) => houseOf(i)).flat(),
]

export interface ScriptedMessage {
  readonly deviceId: string
  readonly channel: UpChannel
  readonly payload: Uint8Array
}

/**
 * What a message is: a reading within limits, a momentary alarm (raised, returned, closed), a latched gas alarm, an arc
 * (raised, returned, latched) or, the message after it, smoke in the same house, which makes the arc's alarm worse.
 */
export type Sort = 'reading' | 'momentary' | 'gas' | 'arc' | 'smoke'

const roundOf = (number: number): number => Math.floor(number / GAS_EVERY)

export function sortOf(number: number): Sort {
  const place = number % GAS_EVERY
  if (place === 0 && roundOf(number) <= GAS) return 'gas'
  if (place === ARC && roundOf(number) < HOUSES) return 'arc'
  if (place === ARC + 1 && roundOf(number) < HOUSES) return 'smoke'
  return number % 2 === 0 ? 'momentary' : 'reading'
}

export function deviceOf(number: number): string {
  const sort = sortOf(number)
  if (sort === 'gas') return `gas-${roundOf(number) - 1}`
  return sort === 'arc' || sort === 'smoke' ? `${sort}-${roundOf(number)}` : `meter-${number % METERS}`
}

/** What the message must cause on a device, in order. An arc rises at the moment of the smoke, whichever was heard first. */
export function owedBy(number: number): readonly (readonly [deviceId: string, types: readonly string[]])[] {
  const sort = sortOf(number)
  const device = deviceOf(number)
  switch (sort) {
    case 'reading':
      return []
    case 'momentary':
      return [[device, ['raised', 'returned', 'closed']]]
    case 'arc':
      return [[device, ['raised', 'returned']]]
    case 'gas':
      return [[device, ['raised']]]
    case 'smoke':
      return [
        [device, ['raised']],
        [`arc-${roundOf(number)}`, ['level_changed']],
      ]
  }
}

/** An hour ago at the start of the test run, a millisecond each: believable for days, and never twice the same. */
const EPOCH = Math.floor(Date.now() / 3_600_000 - 1) * 3_600_000
export const startOfScript = (): number => Number(process.env['FAULT_SCRIPT_START'] ?? EPOCH)
export const tsOf = (number: number): number => startOfScript() + number

export function messageOf(number: number): ScriptedMessage {
  const ts = tsOf(number)
  const sort = sortOf(number)
  const body = bodyOf(sort, number, ts)
  return {
    deviceId: deviceOf(number),
    channel: sort === 'reading' || sort === 'gas' ? 'readings' : 'events',
    payload: Buffer.from(JSON.stringify(body)),
  }
}

function bodyOf(sort: Sort, number: number, ts: number): object {
  switch (sort) {
    case 'gas':
      return { ts, values: { gas_lel: 30 } }
    case 'momentary':
      return { ts, event: 'setting_changed', data: { by: 'hub', name: 'limit', from: number, to: number + 1 } }
    case 'arc':
      return { ts, event: 'arc_fault', data: {} }
    case 'smoke':
      return { ts, event: 'smoke_alarm', data: {} }
    case 'reading':
      return { ts, values: { residual_current: 12, temperature_a: 31 } }
  }
}
