// Acts on alarms that are over. The engine no longer holds them, the ledger does: each act reads the newest transition, and
// waits for the one before it to be written, so that none is decided on what another has just changed.
import type { Act } from '../contract/alarms.ts'
import type { Journal, JournalEntry } from '../records/ledger.ts'
import { actOnClosed } from './alarms/acts.ts'
import type { ActOutcome, Clock } from './ports.ts'

export interface ClosedAlarmsParts {
  readonly clock: Clock
  readonly journal: Pick<Journal, 'newestOf'>
}

/** Commits the entry with whatever else is due. */
type Write = (entry: JournalEntry) => Promise<ActOutcome>

export class ClosedAlarms {
  private readonly parts: ClosedAlarmsParts
  private before: Promise<unknown> = Promise.resolve()

  constructor(parts: ClosedAlarmsParts) {
    this.parts = parts
  }

  submit(act: Act, address: string, write: Write): Promise<ActOutcome> {
    const outcome = this.before.then(() => this.decide(act, address, write))
    this.before = outcome.catch(() => undefined)
    return outcome
  }

  private async decide(act: Act, address: string, write: Write): Promise<ActOutcome> {
    const { clock, journal } = this.parts
    const newest = await journal.newestOf(act.alarmId)
    if (newest === null) return { ok: false, refusal: 'not_found' }
    const { seq, ...alarm } = newest.transition.alarm
    if (act.seq !== null && act.seq !== seq) return { ok: false, refusal: 'stale' }
    if (alarm.closedAt === null) return { ok: false, refusal: 'stale' }
    const told = actOnClosed(alarm, act, clock.now())
    if (told === null) return { ok: false, refusal: 'closed' }
    return write({
      transition: {
        at: clock.wall(),
        sampleTs: null,
        type: told.type,
        reason: 'human',
        by: act.by,
        comment: act.comment,
        alarm: told.alarm,
      },
      siteId: newest.siteId,
      areaIds: newest.areaIds,
      receivedAt: null,
      address,
    })
  }
}
