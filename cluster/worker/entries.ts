// What stands in a partition's stream, one entry after the other, handed to whoever decides it. Each counts once, whoever
// reads it again: what a device has taken in, its state says (G1).
import { createHash } from 'node:crypto'
import type { Commands } from '../../ingest/commands/commands.ts'
import type { Devices } from '../../ingest/devices.ts'
import type { Pipeline } from '../../ingest/pipeline.ts'
import type { Clock } from '../../ingest/ports.ts'
import { redactSample } from '../../ingest/redact.ts'
import type { Answers, SetAside } from '../../records/ledger/cluster.ts'
import type { ActEntry, CommandEntry, Placed, StreamEntry } from '../entry.ts'
import { encodeAnswer } from '../live-words.ts'

export interface EntriesParts {
  readonly pipeline: Pipeline
  readonly devices: Devices
  readonly commands: Commands
  readonly clock: Clock
  readonly answers: Pick<Answers, 'find'>
  /** A message is decided for good, or given up. */
  readonly settled: () => void
}

/** An entry that could not be decided: the partition's memory may be half of one thing and half of another now. */
export class Undecidable extends Error {
  override readonly name = 'Undecidable'
  readonly placed: Placed

  constructor(placed: Placed, cause: unknown) {
    super(`Entry ${placed.position} cannot be decided: ${String(cause)}`, { cause })
    this.placed = placed
  }
}

/** When what it tells of reached the cluster, wall time, ms; null: it does not say. */
export function receiptOf(entry: StreamEntry): number | null {
  if (entry.type === 'message') return entry.receivedAt
  return entry.type === 'presence' ? entry.at : null
}

export class Entries {
  private readonly parts: EntriesParts

  constructor(parts: EntriesParts) {
    this.parts = parts
  }

  /** Decides it. Answers a promise where what stands behind it must wait. Throws Undecidable. */
  take(placed: Placed): Promise<void> | undefined {
    try {
      const waits = this.hand(placed)
      return waits?.catch((error: unknown) => {
        throw new Undecidable(placed, error)
      })
    } catch (error) {
      throw new Undecidable(placed, error)
    }
  }

  /** What is kept of an entry that nobody can decide. */
  aside({ position, entry }: Placed, partition: number, problem: string): SetAside {
    const text = entry.type === 'message' ? entry.payload : Buffer.from(JSON.stringify(entry))
    const { deviceId } = entry
    return { partition, position, at: this.parts.clock.wall(), problem, deviceId, sample: redactSample(text) }
  }

  private hand({ position, entry }: Placed): Promise<void> | undefined {
    const { pipeline, settled } = this.parts
    switch (entry.type) {
      case 'message':
        pipeline.accept({ ...entry, position }, settled)
        return undefined
      case 'presence':
        // One that took leave politely, or was sent away, has not dropped out: it is there until it is silent for too long.
        pipeline.inputAt(
          entry.deviceId,
          position,
          entry.politely ? null : { type: 'connection', connected: entry.connected },
          entry.at,
        )
        return undefined
      case 'input':
        pipeline.inputAt(entry.deviceId, position, entry.input)
        return undefined
      case 'act':
        return this.act(entry, position)
      case 'command':
        return this.command(entry, position)
    }
  }

  private async act(entry: ActEntry, position: number): Promise<void> {
    const { pipeline } = this.parts
    if (await this.isAnswered(entry, position)) return
    const request = { deviceId: entry.deviceId, position, requestId: entry.requestId }
    if (this.isExpired(entry)) pipeline.answered(request, EXPIRED)
    else await pipeline.requested(entry.act, entry.address, request, encodeAnswer)
  }

  /** Resolves when it is refused or written down; how it is sent concerns nobody behind it. */
  private async command(entry: CommandEntry, position: number): Promise<void> {
    const { pipeline, commands } = this.parts
    if (await this.isAnswered(entry, position)) return
    const { deviceId, requestId, actor, name, args, reason } = entry
    if (this.isExpired(entry)) return pipeline.answered({ deviceId, position, requestId }, EXPIRED)
    await new Promise<void>((decided, failed) => {
      commands
        .request(actor, { id: commandIdOf(requestId), deviceId, name, args, reason }, decided)
        .then((outcome) => pipeline.tellOf(requestId, encodeAnswer(outcome)))
        .then(decided, failed)
    })
    pipeline.inputAt(deviceId, position, null)
  }

  /** Of a device that is gone no state says what it has taken in. */
  private async isAnswered({ deviceId, requestId }: ActEntry | CommandEntry, position: number): Promise<boolean> {
    const { pipeline, devices, answers } = this.parts
    if (!pipeline.isNew(deviceId, position)) return true
    return devices.get(deviceId) === undefined && (await answers.find(requestId)) !== null
  }

  private isExpired({ expires }: ActEntry | CommandEntry): boolean {
    return this.parts.clock.wall() > expires
  }
}

const EXPIRED = encodeAnswer({ ok: false, refusal: 'expired' })

/** The same request makes the same command, whoever reads it: it is written down once, and sent only after that. */
const commandIdOf = (requestId: string): string => createHash('sha256').update(requestId).digest('hex').slice(0, 24)
