// Commands under way: written down before they are sent, sent once, and followed until they end. Every change is in the
// ledger before anyone hears of it (G2); a device's reply is acknowledged after what it says is there (G1).
import { randomBytes } from 'node:crypto'
import { EFFECT_OF } from '../../contract/http/commands.ts'
import type { Command, HarmlessCommand } from '../../contract/http/commands.ts'
import type { KindCommand } from '../../contract/kinds/kind.ts'
import { LATE_AFTER_MS } from '../../contract/payloads.ts'
import type { CommandPayload, ReplyPayload } from '../../contract/payloads.ts'
import type { Actor } from '../../records/ledger.ts'
import type { CommandLog } from '../../records/ledger/commands.ts'
import type { Devices } from '../devices.ts'
import type { Clock } from '../ports.ts'
import type { StoredInput } from '../readings/port.ts'
import { deadlineOf, decideCommand, isOpen } from './decide.ts'
import type { CommandInput } from './decide.ts'
import { judgeCommand } from './judge.ts'
import type { CommandLine, CommandOutcome, CommandRequest, Replies, ReplyTaken } from './ports.ts'

export interface CommandsOptions {
  readonly clock: Clock
  readonly devices: Devices
  readonly line: CommandLine
  readonly log: Pick<CommandLog, 'add' | 'save' | 'open'>
  /** Told of each change once it is in the ledger, in the order of the changes of one command. Returns at once. */
  readonly changed: (command: Command) => void
  /** A change could not be written down; it is tried again. */
  readonly failed: (error: unknown) => void
}

/** How long an ended command is remembered, so that a late or repeated reply is known for what it is, ms; and how many. */
const REMEMBER_MS = 10 * 60_000
const MAX_REMEMBERED = 1_000
const RETRY_MS = 1_000
/** How often it is looked for what may be forgotten, when nothing else is due. */
const LONGEST_WAIT_MS = 60_000

interface Entry {
  command: Command
  /** Wall time at the request less hub time: a wall clock that is set meanwhile neither hastens nor delays the end. */
  readonly skew: number
  readonly interrupted: boolean
  /** What the ledger has. */
  written: Command | null
  writing: Promise<void> | null
}

export class Commands implements Replies {
  readonly #options: CommandsOptions
  readonly #entries = new Map<string, Entry>()
  /** `device name` of those between their judgement and their place in `#entries`. */
  readonly #asked = new Set<string>()
  #timer: NodeJS.Timeout | null = null
  #stopped = false

  constructor(options: CommandsOptions) {
    this.#options = options
  }

  /** Takes up what was under way when the hub ended. Nothing of it is sent again; a reply that still comes in time counts. */
  async start(): Promise<void> {
    const { clock, log } = this.#options
    for (const command of await log.open())
      this.#entries.set(command.id, {
        command,
        skew: clock.wall() - clock.now(),
        interrupted: true,
        written: command,
        writing: null,
      })
    await this.look()
  }

  /** Writes what has changed; what is under way is taken up at the next start. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await Promise.allSettled([...this.#entries.values()].map((entry) => this.#write(entry)))
  }

  /**
   * Answers when it is on its way, or refused; a refused one leaves no trace and is not kept for later. `written` is called
   * before it is sent.
   */
  async request(actor: Actor, request: CommandRequest, written?: () => void): Promise<CommandOutcome> {
    const { clock, devices, line, log } = this.#options
    const runtime = devices.get(request.deviceId)
    if (runtime === undefined) return { ok: false, refusal: 'unknown_command', wrongArgs: [] }
    const { profile } = runtime
    const known = request.id === undefined ? undefined : this.#entries.get(request.id)
    if (known !== undefined) return { ok: true, command: known.command }
    const key = `${request.deviceId} ${request.name}`
    const underWay = this.#asked.has(key) || this.#underWay(request)
    if (!underWay) this.#asked.add(key)
    let entry: Entry
    try {
      const judgement = judgeCommand(request.name, request.args, {
        profile,
        line: await line.lineOf(profile.deviceId, profile.gatewayId),
        underWay,
      })
      if (!judgement.ok) return judgement
      const requestedAt = clock.wall()
      const command = newCommand(request, judgement.args, judgement.command, actor, requestedAt)
      entry = { command, skew: requestedAt - clock.now(), interrupted: false, written: command, writing: null }
      await log.add(actor, command)
      this.#entries.set(command.id, entry)
    } finally {
      if (!underWay) this.#asked.delete(key)
    }
    written?.()
    this.#options.changed(entry.command)
    await this.#send(entry, profile.gatewayId)
    return { ok: true, command: entry.command }
  }

  take(deviceId: string, reply: ReplyPayload): ReplyTaken {
    const entry = this.#entries.get(reply.id)
    // Whether there is such a command of another device is no business of this one.
    if (entry === undefined || entry.command.deviceId !== deviceId) return 'unknown_command'
    // Its acknowledgement waits for the write, which a device need not: it may have asked again.
    const unwritten = entry.command.repliedAt !== null && entry.written !== entry.command
    const { rejection } = this.#apply(entry, { type: 'reply', reply })
    return rejection !== null && !unwritten ? rejection : this.#write(entry)
  }

  /** Events that are durable: some tell that a command really happened. */
  stored(inputs: readonly StoredInput[]): void {
    if (this.#entries.size === 0) return
    for (const input of inputs) {
      // Pressed at the device, or told much later: neither is the effect of a command of now.
      if (input.type !== 'event' || input.data['by'] === 'local') continue
      if (input.receivedAt - input.ts > LATE_AFTER_MS) continue
      // The newest that it fits: an older one has had its time.
      const entry = [...this.#entries.values()].findLast(
        ({ command }) =>
          command.deviceId === input.deviceId && EFFECT_OF[command.name as HarmlessCommand] === input.name,
      )
      if (entry !== undefined) this.#follow(entry, { type: 'effect', data: input.data })
    }
  }

  #underWay({ deviceId, name }: CommandRequest): boolean {
    return [...this.#entries.values()].some(
      ({ command }) => command.deviceId === deviceId && command.name === name && isOpen(command),
    )
  }

  async #send(entry: Entry, gatewayId: string | null): Promise<void> {
    this.#apply(entry, { type: 'tick' })
    const { command } = entry
    if (command.state === 'requested') {
      const { id, name, args, expires } = command
      const payload: CommandPayload = { id, name, args, expires }
      const sent = await this.#options.line.send(command.deviceId, gatewayId, JSON.stringify(payload), {
        withinMs: expires - this.#now(entry),
        delivered: () => this.#follow(entry, { type: 'delivered' }),
      })
      this.#apply(entry, { type: sent ? 'sent' : 'not_sent' })
    }
    this.#wait()
    await this.#write(entry)
  }

  /** Applies, and writes in its own time. */
  #follow(entry: Entry, input: CommandInput): void {
    this.#apply(entry, input)
    this.#write(entry).catch(() => undefined)
  }

  #apply(entry: Entry, input: CommandInput): { readonly rejection: 'repeated_reply' | 'late_reply' | null } {
    const { command, rejection } = decideCommand(entry.command, input, this.#now(entry), entry.interrupted)
    entry.command = command
    return { rejection }
  }

  readonly #now = ({ skew }: Entry): number => this.#options.clock.now() + skew

  /** Resolves when the ledger has the command as it is now; rejects when it could not take it, which is tried again. */
  async #write(entry: Entry): Promise<void> {
    while (entry.written !== entry.command) {
      entry.writing ??= this.#writeAll(entry).finally(() => (entry.writing = null))
      await entry.writing
    }
  }

  async #writeAll(entry: Entry): Promise<void> {
    while (entry.written !== entry.command) {
      const { command } = entry
      try {
        await this.#options.log.save(command)
      } catch (error) {
        this.#options.failed(error)
        this.#wait()
        throw error
      }
      entry.written = command
      this.#options.changed(command)
    }
  }

  /** Ends what is over by the clock, and writes what could not be written. The timer calls it when something is due. */
  async look(): Promise<void> {
    for (const entry of this.#entries.values()) this.#apply(entry, { type: 'tick' })
    await Promise.allSettled([...this.#entries.values()].map((entry) => this.#write(entry)))
    this.#forget()
    this.#wait()
  }

  #forget(): void {
    const surplus = this.#entries.size - MAX_REMEMBERED
    let index = 0
    for (const [id, entry] of this.#entries) {
      const { endedAt } = entry.command
      const old = endedAt !== null && (index < surplus || this.#now(entry) - endedAt >= REMEMBER_MS)
      if (old && entry.written === entry.command) this.#entries.delete(id)
      index++
    }
  }

  /** Looks again when the next one ends by the clock, and soon while something could not be written. */
  #wait(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    const entries = [...this.#entries.values()]
    if (this.#stopped || entries.length === 0) return
    const due = entries
      .filter(({ command }) => isOpen(command))
      .map((entry) => deadlineOf(entry.command) - this.#now(entry))
    const longest = entries.some(({ command, written }) => command !== written) ? RETRY_MS : LONGEST_WAIT_MS
    this.#timer = setTimeout(() => void this.look(), Math.max(1, Math.min(longest, ...due)))
  }
}

function newCommand(
  { id = randomBytes(12).toString('hex'), deviceId, name, reason }: CommandRequest,
  args: Command['args'],
  { expiry }: KindCommand,
  actor: Actor,
  requestedAt: number,
): Command {
  return {
    id,
    deviceId,
    name,
    args,
    state: 'requested',
    requestedAt,
    sentAt: null,
    deliveredAt: null,
    repliedAt: null,
    seenAt: null,
    endedAt: null,
    expires: requestedAt + expiry * 1_000,
    by: { id: actor.userId, name: actor.name },
    reason,
    ending: null,
    result: null,
    error: null,
    effect: null,
  }
}
