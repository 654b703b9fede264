// What a worker and a broker say to each other about commands (G7), by pub/sub: it arrives now or never.
//
//   worker ── ask ──▶ broker          is the device there?
//   worker ◀─ line, grant ── broker   yes; and a permit of that broker's clock
//   worker ── send, grant ──▶ broker  how long the command may still live
//   worker ◀─ taken ── broker         it is on the device's line
//   worker ◀─ delivered ── broker     the device acknowledged it
//
// No two clocks are compared: a broker takes a command only under a permit that it gave itself a moment ago, and counts the
// command's life from then, which is earlier than when it was sent. Whatever lay in between too long – in Redis, in a line, in a
// process that stood still – is refused.
import type { Line } from '../../ingest/commands/judge.ts'

interface Addressed {
  readonly id: string
  /** Whom to answer. */
  readonly to: string
  readonly deviceId: string
  readonly gatewayId: string | null
}

export interface AskLine extends Addressed {
  readonly say: 'ask'
}
export interface SendCommand extends Addressed {
  readonly say: 'send'
  readonly grant: string
  readonly payload: string
  /** How long it may live, from now, ms. */
  readonly withinMs: number
}
export type ToBroker = AskLine | SendCommand

export type FromBroker =
  | { readonly say: 'line'; readonly id: string; readonly line: Line; readonly grant: string }
  | { readonly say: 'taken'; readonly id: string; readonly taken: boolean }
  | { readonly say: 'delivered'; readonly id: string }

/** How old a permit may be, ms. */
export const GRANTED_MS = 4_000

/** null: not of this program. Both ends are processes of one cluster; what they say is theirs. */
export function parseWord<T extends ToBroker | FromBroker>(text: string): T | null {
  try {
    const word: unknown = JSON.parse(text)
    return typeof word === 'object' && word !== null && 'say' in word && 'id' in word ? (word as T) : null
  } catch {
    return null
  }
}
