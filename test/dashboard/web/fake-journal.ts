// The fake hub's ledger: one gapless sequence, and each viewer's part of it.
import type { Alarm } from '../../../contract/alarms.ts'
import type { AlarmEvent } from '../../../contract/feed.ts'

export type Scope = 'all' | ReadonlySet<string>

export const sees = (scope: Scope, alarm: Alarm): boolean =>
  scope === 'all' || (alarm.siteId !== null && scope.has(alarm.siteId))

export type Entry = Omit<AlarmEvent, 'prev'>

export class FakeJournal {
  readonly entries: Entry[] = []
  readonly alarms = new Map<string, Alarm>()

  get head(): number {
    return this.entries.at(-1)?.seq ?? 0
  }

  headOf(scope: Scope): number {
    return this.entries.findLast((entry) => sees(scope, entry.alarm))?.seq ?? 0
  }

  append(alarm: Alarm, entry: Omit<Entry, 'seq' | 'alarm'>): Entry {
    const seq = this.head + 1
    const made: Entry = { ...entry, seq, alarm: { ...alarm, seq, updatedAt: entry.at } }
    this.entries.push(made)
    this.alarms.set(alarm.id, made.alarm)
    return made
  }

  after(scope: Scope, cursor: number): AlarmEvent[] {
    let prev = cursor
    return this.entries.slice(cursor).flatMap((entry) => {
      if (!sees(scope, entry.alarm)) return []
      const event = { ...entry, prev }
      prev = entry.seq
      return [event]
    })
  }

  open(scope: Scope): Alarm[] {
    return [...this.alarms.values()].filter((alarm) => alarm.closedAt === null && sees(scope, alarm))
  }
}
