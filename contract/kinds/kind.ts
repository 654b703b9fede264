// What a device kind is made of. One file a kind fills this in; store columns, chart axes, forms, rule defaults and the
// simulators derive from it.
import type { Bilingual, Priority, Rule } from '../rules.ts'
import type { KindName } from './names.ts'

export { KIND_NAMES } from './names.ts'
export type { KindName }

/** Channels a metric's name may end in: phase or cable position. */
export const CHANNELS = ['a', 'b', 'c', 'n'] as const

/** What an instrument of 16 bits sends when it has no value: every bit set, at a step of 0.1 and of 1. */
export const ERROR_CODES = [6553.5, 65_535] as const

export interface Metric {
  /** `signal` or `signal_channel`; public, never renamed. */
  readonly name: string
  readonly label: Bilingual
  /** '' for none. */
  readonly unit: string
  /** Accepted values, both ends included; outside is rejected alone with `out_of_range`. */
  readonly min: number
  readonly max: number
  /** Numbers within the range that say "no value": rejected like those outside it. */
  readonly errorCodes?: readonly number[]
  /** Smallest meaningful difference: how many decimals a screen shows. */
  readonly step: number
  /** A counter that may restart; a fall starts a new segment, never a negative use. */
  readonly cumulative?: true
  /** 0/1; the text says what 1 means. */
  readonly binary?: Bilingual
}

export interface KindEvent {
  readonly name: string
  readonly label: Bilingual
  /** `raise` and `return` are the sides of a pair, `momentary` returns at once, `log` raises nothing. */
  readonly role: 'raise' | 'return' | 'momentary' | 'log'
  /** The raising side, for `return`. */
  readonly of?: string
  /** Data keys kept; others are dropped. */
  readonly data: readonly string[]
  readonly priority?: Priority
}

export interface KindCommand {
  readonly name: string
  readonly label: Bilingual
  /** Argument names with their largest value (numbers) or their kind. */
  readonly args: Readonly<
    Record<string, { readonly type: 'number' | 'string'; readonly min?: number; readonly max?: number }>
  >
  /** Seconds until it must not be executed any more (G7). */
  readonly expiry: number
  /** A number argument that replaces `expiry`, with its unit in seconds: 查岗 waits as many minutes as it says. */
  readonly expiryArgument?: { readonly name: string; readonly unitSeconds: number }
  /** Needs a reason and a second person or a typed confirmation. */
  readonly dangerous: boolean
  /** One step, because seconds count; the reason is asked for when it is done. */
  readonly reasonAfterwards?: true
  /** Only where the owner's authorisation is on record, in the attribute `muteAuthorised` (GB/T 45839-2025, remote mute). */
  readonly ownerAuthorisation?: true
}

export interface Attribute {
  readonly name: string
  readonly label: Bilingual
  /** `list`: several texts. */
  readonly type: 'text' | 'number' | 'boolean' | 'date' | 'list' | { readonly oneOf: readonly (string | number)[] }
  readonly default?: string | number | boolean
  /** Accepted numbers, both ends included. */
  readonly min?: number
  readonly max?: number
}

export interface Kind {
  readonly name: KindName
  readonly label: Bilingual
  /** Seconds between reports when neither the attribute nor experience says otherwise. null: no telemetry. */
  readonly reportEverySeconds: number | null
  /** Runs on mains, unless the attribute `power` of the device says battery. Decides the delay of `device.silent`. */
  readonly power: 'mains' | 'battery'
  /** In column order of the store; adding at the end is allowed, renaming never. */
  readonly metrics: readonly Metric[]
  readonly events: readonly KindEvent[]
  readonly commands: readonly KindCommand[]
  readonly attributes: readonly Attribute[]
  readonly rules: readonly Rule[]
}

/** The two parts of a metric's name. `channel` is '' if there is none. */
export function signalOf(metric: string): { signal: string; channel: string } {
  const cut = metric.lastIndexOf('_')
  const channel = metric.slice(cut + 1)
  return cut > 0 && (CHANNELS as readonly string[]).includes(channel)
    ? { signal: metric.slice(0, cut), channel }
    : { signal: metric, channel: '' }
}
