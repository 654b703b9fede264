// How a change in the ledger reaches everyone who keeps a copy of it: they follow the ledger's log of changes by themselves, and
// whoever changed something waits until all that live have it. What alarms must hear of goes the way of every input.
import { setTimeout as pause } from 'node:timers/promises'
import { partitionOf } from '../../contract/partitions.ts'
import { ApiError } from '../../dashboard/server/errors.ts'
import type { LogSink } from '../../dashboard/server/options.ts'
import type { LedgerChanges } from '../../records/ledger/cluster.ts'
import { encodeEntry } from '../entry.ts'
import type { InputEntry } from '../entry.ts'
import type { NodeBoard } from '../node-board.ts'
import type { StreamWriter } from '../streams/stream-writer.ts'

export interface ClusterLearnersOptions {
  readonly changes: Pick<LedgerChanges, 'newest'>
  readonly board: Pick<NodeBoard, 'all'>
  readonly writer: Pick<StreamWriter, 'added' | 'problem'>
  readonly log: Pick<LogSink, 'warn'>
  /** How long whoever changed something waits for the others, ms. */
  readonly withinMs?: number
}

const WITHIN_MS = 3_000
const LOOK_EVERY_MS = 40
/** How long an input is tried when the ledger has the change already, ms. */
const TOLD_WITHIN_MS = 10_000
const TRY_EVERY_MS = 250

const NOTHING_CHANGED =
  '报警处理暂时不可用，没有改动，请稍后再试。 Alarms cannot be told of it at the moment; nothing was changed. Try again soon.'
const NOT_TOLD =
  '台账已改，但报警处理还没有收到：请稍后把同一操作再做一次。 The ledger has the change, but alarms have not heard of it: do the same once more soon.'

export class ClusterLearners {
  private readonly options: ClusterLearnersOptions

  constructor(options: ClusterLearnersOptions) {
    this.options = options
  }

  /** Throws while the engine could not be told: asked before the ledger is changed. */
  readonly mustHear = (): void => {
    if (this.options.writer.problem !== null) throw new ApiError('unavailable', { reason: 'not_done' }, NOTHING_CHANGED)
  }

  readonly tell = async (deviceId: string, input: InputEntry['input']): Promise<void> => {
    const fields = encodeEntry({ type: 'input', deviceId, input })
    const until = performance.now() + TOLD_WITHIN_MS
    for (;;) {
      try {
        // One that is told twice is no other input: the engine answers both alike.
        await this.options.writer.added(partitionOf(deviceId), fields)
        return
      } catch (error) {
        if (performance.now() >= until) {
          this.options.log.warn({ err: error, deviceId }, 'a change of a device did not reach its alarms')
          throw new ApiError('unavailable', { reason: 'not_told' }, NOT_TOLD)
        }
        await pause(TRY_EVERY_MS)
      }
    }
  }

  /**
   * Resolves when every broker and worker that lives has taken in what the ledger holds now. Whoever does not within the time is
   * waited for no longer: it is behind, and follows by itself.
   */
  readonly learn = async (): Promise<void> => {
    const { changes, board, log, withinMs = WITHIN_MS } = this.options
    const until = performance.now() + withinMs
    try {
      const newest = await changes.newest()
      for (;;) {
        const behind = (await board.all()).filter(({ role, applied }) => role !== 'dashboard' && applied < newest)
        if (behind.length === 0) return
        if (performance.now() >= until) {
          log.warn({ nodes: behind.map(({ id }) => id), change: newest }, 'a change has not reached everyone yet')
          return
        }
        await pause(LOOK_EVERY_MS)
      }
    } catch (error) {
      log.warn({ err: error }, 'whether a change has reached everyone is not known')
    }
  }

  // Whatever has changed, they all read the same log.
  readonly devices = this.learn
  readonly sites = this.learn
  readonly area = this.learn
  readonly removed = this.learn
  readonly rules = this.learn

  /** A broker ends connections by itself when it learns that their login is worth nothing. */
  readonly disconnect = (): void => undefined
}
