// Payloads that no hub should swallow, one for each way of being wrong that a device's firmware has been seen to have.
import type { RejectionReason } from '../contract/payloads.ts'
import { MAX_BATCH, MAX_JSON_DEPTH } from '../contract/topics.ts'
import type { Message } from './messages.ts'

interface Misfit {
  /** The word under which a correct hub counts it. */
  readonly reason: RejectionReason
  /** Made from a sound readings payload `{"ts":…,"values":{…}}`. */
  readonly make: (sound: string) => string | Uint8Array
}

interface Sound {
  ts: number
  values: Record<string, number>
}

const edited = (sound: string, change: (body: Sound) => unknown): string =>
  JSON.stringify(change(JSON.parse(sound) as Sound))

const firstMetric = (values: Record<string, number>): string => Object.keys(values)[0] as string

export const MISFITS = {
  truncated: { reason: 'not_json', make: (sound) => sound.slice(0, sound.length / 2) },
  empty: { reason: 'not_json', make: () => '' },
  nan: { reason: 'not_json', make: (sound) => sound.replace(/:-?[\d.]+\}\}$/, ':NaN}}') },
  bytes: { reason: 'not_utf8', make: (sound) => Buffer.concat([Buffer.from(sound), Buffer.from([0xc3, 0x28, 0xff])]) },
  nested: {
    reason: 'too_deep',
    make: () => `{"values":${'['.repeat(MAX_JSON_DEPTH + 4)}${']'.repeat(MAX_JSON_DEPTH + 4)}}`,
  },
  other_shape: {
    reason: 'wrong_shape',
    make: (sound) => edited(sound, ({ ts, values }) => ({ time: ts, data: values })),
  },
  no_values: { reason: 'no_values', make: (sound) => edited(sound, ({ ts }) => ({ ts, values: {} })) },
  batch: {
    reason: 'too_many_items',
    make: (sound) =>
      `[${Array.from({ length: MAX_BATCH + 1 }, (_, n) => edited(sound, ({ ts, values }) => ({ ts: ts - n, values: { [firstMetric(values)]: values[firstMetric(values)] } }))).join(',')}]`,
  },
  unknown_metric: {
    reason: 'unknown_metric',
    make: (sound) => edited(sound, ({ ts }) => ({ ts, values: { leakage_in_furlongs: 1 } })),
  },
  text: {
    reason: 'not_a_number',
    make: (sound) =>
      edited(sound, ({ ts, values }) => ({
        ts,
        values: { [firstMetric(values)]: String(values[firstMetric(values)]) },
      })),
  },
  too_large_value: {
    reason: 'out_of_range',
    make: (sound) => edited(sound, ({ ts, values }) => ({ ts, values: { [firstMetric(values)]: 1e12 } })),
  },
  prototype: { reason: 'forbidden_key', make: () => '{"values":{"__proto__":1}}' },
} as const satisfies Record<string, Misfit>

export type MisfitName = keyof typeof MISFITS
export const MISFIT_NAMES = Object.keys(MISFITS) as MisfitName[]

/** The message with a payload that does not fit; `chance` in [0, 1) chooses which. None of it may be kept. */
export function misfitPayload(message: Message, chance: number): Message {
  if (message.channel !== 'readings' || typeof message.payload !== 'string') {
    return { ...message, payload: '{"event":"no_such_event"}', samples: [] }
  }
  const name = MISFIT_NAMES[Math.floor(chance * MISFIT_NAMES.length)] as MisfitName
  return { ...message, payload: MISFITS[name].make(message.payload), samples: [] }
}
