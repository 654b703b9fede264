// What a device does with a command that reaches it. It executes one it knows, in time, and once; it says what became of it.
import { HARMLESS_COMMANDS } from '../../contract/http/commands.ts'
import type { HarmlessCommand } from '../../contract/http/commands.ts'
import { commandPayloadSchema } from '../../contract/payloads.ts'
import type { ReplyPayload } from '../../contract/payloads.ts'

export interface Obeyed {
  /** null: nothing that could be answered, or answered already. */
  readonly reply: ReplyPayload | null
  /** What it tells besides: that it really happened. */
  readonly event: { readonly event: string; readonly data: Readonly<Record<string, string | boolean>> } | null
}

const NOTHING: Obeyed = { reply: null, event: null }

/** How many ids of commands a device remembers. */
const REMEMBERED = 32

const EVENTS: Record<HarmlessCommand, Obeyed['event']> = {
  self_test: { event: 'self_test', data: { ok: true } },
  mute: { event: 'muted', data: { by: 'hub', reason: 'command' } },
  locate: null,
}

/** A device's obedience, with its memory of what it has heard. */
export class Obedience {
  readonly #heard = new Set<string>()

  /** `now`: what the device's own clock shows, ms. */
  hear(payload: Uint8Array, now: number): Obeyed {
    const parsed = commandPayloadSchema.safeParse(jsonOf(payload))
    if (!parsed.success) return NOTHING
    const { id, name, expires } = parsed.data
    if (this.#heard.has(id)) return NOTHING
    this.#remember(id)
    if (now >= expires) return { reply: { id, ok: false, error: 'expired' }, event: null }
    if (!Object.hasOwn(HARMLESS_COMMANDS, name))
      return { reply: { id, ok: false, error: 'unknown command' }, event: null }
    return { reply: { id, ok: true, result: {} }, event: EVENTS[name as HarmlessCommand] }
  }

  #remember(id: string): void {
    this.#heard.add(id)
    if (this.#heard.size <= REMEMBERED) return
    for (const oldest of this.#heard) {
      this.#heard.delete(oldest)
      return
    }
  }
}

function jsonOf(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString())
  } catch {
    return undefined
  }
}
