// The messages of the fault-point tests, by number: the same in every life of the process, so that whoever sends again
// sends the same bytes, and whoever checks knows what each one must have caused.
import type { KindName } from '../../contract/kinds/kind.ts'
import type { UpChannel } from '../../contract/topics.ts'

const METERS = 12
/** One in so many messages is a gas alarm, each on a detector of its own. */
const GAS_EVERY = 12
const GAS = 200

export const DEVICES: readonly { readonly id: string; readonly kind: KindName }[] = [
  ...Array.from({ length: METERS }, (_, i) => ({ id: `meter-${i}`, kind: 'electricity' as const })),
  ...Array.from({ length: GAS }, (_, i) => ({ id: `gas-${i}`, kind: 'gas' as const })),
]

export interface ScriptedMessage {
  readonly deviceId: string
  readonly channel: UpChannel
  readonly payload: Uint8Array
}

/** What a message is: a reading within limits, a momentary alarm (raised, returned, closed), or a latched gas alarm. */
export type Sort = 'reading' | 'momentary' | 'gas'

export const sortOf = (number: number): Sort =>
  number % GAS_EVERY === 0 && number / GAS_EVERY <= GAS ? 'gas' : number % 2 === 0 ? 'momentary' : 'reading'

export const deviceOf = (number: number): string =>
  sortOf(number) === 'gas' ? `gas-${number / GAS_EVERY - 1}` : `meter-${number % METERS}`

/** An hour ago at the start of the test run, a millisecond each: believable for days, and never twice the same. */
const EPOCH = Math.floor(Date.now() / 3_600_000 - 1) * 3_600_000
export const startOfScript = (): number => Number(process.env['FAULT_SCRIPT_START'] ?? EPOCH)
export const tsOf = (number: number): number => startOfScript() + number

export function messageOf(number: number): ScriptedMessage {
  const ts = tsOf(number)
  const sort = sortOf(number)
  const body =
    sort === 'gas'
      ? { ts, values: { gas_lel: 30 } }
      : sort === 'momentary'
        ? { ts, event: 'setting_changed', data: { by: 'hub', name: 'limit', from: number, to: number + 1 } }
        : { ts, values: { residual_current: 12, temperature_a: 31 } }
  return {
    deviceId: deviceOf(number),
    channel: sort === 'momentary' ? 'events' : 'readings',
    payload: Buffer.from(JSON.stringify(body)),
  }
}
