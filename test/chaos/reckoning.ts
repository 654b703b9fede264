// What the load generator and the screens know, held against what is on the disk, as figures with their limits.
import type { OracleEntry } from '../load/oracle.ts'
import { exactly, figure } from '../bench/row.ts'
import type { BenchRow } from '../bench/row.ts'
import type { Screen } from '../support/api.ts'
import type { LoadResult } from '../load/publisher.ts'
import { invented, lost } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import { account } from './screen-account.ts'

/** An alarm that a device's own message must have raised: who, and when it measured. */
export interface Owed {
  readonly deviceId: string
  readonly ts: number
}

const causeOf = ({ deviceId, ts }: Owed): string => `${deviceId} ${ts}`

export function readingFigures(oracle: readonly OracleEntry[], { readings, events }: Evidence): BenchRow[] {
  const isEvents = ({ topic }: OracleEntry): boolean => topic.endsWith('/events')
  const [talkers, meters] = [oracle.filter(isEvents), oracle.filter((entry) => !isEvents(entry))]
  return [
    exactly('acknowledged readings lost', lost(meters, readings).length, '', 0),
    exactly('acknowledged events lost', lost(talkers, events).length, '', 0),
    exactly('stored and never sent', invented(meters, readings).length + invented(talkers, events).length, '', 0),
  ]
}

/** `owed`: acknowledged; `possible`: sent, so that the alarm may stand or not. */
export function alarmFigures(owed: readonly Owed[], possible: readonly Owed[], { transitions }: Evidence): BenchRow[] {
  const raised = new Map<string, number>()
  for (const { transition } of transitions) {
    if (transition.type !== 'raised' || transition.alarm.kind === 'hub') continue
    const cause = `${transition.alarm.deviceId} ${transition.sampleTs}`
    raised.set(cause, (raised.get(cause) ?? 0) + 1)
  }
  const known = new Set([...owed, ...possible].map(causeOf))
  const gaps = transitions.filter(({ transition }, index) => transition.seq !== index + 1)
  return [
    figure('alarms owed', owed.length, ''),
    exactly('alarms lost', owed.filter((cause) => !raised.has(causeOf(cause))).length, '', 0),
    exactly('alarms raised twice', [...raised.values()].filter((count) => count > 1).length, '', 0),
    exactly('false alarms', [...raised.keys()].filter((cause) => !known.has(cause)).length, '', 0),
    exactly('gaps in the sequence', gaps.length, '', 0),
  ]
}

export function screenFigures(screens: readonly Screen[], { transitions }: Evidence): BenchRow[] {
  const accounts = screens.map((screen) => account(screen, transitions))
  const sum = (of: (one: (typeof accounts)[number]) => number): number =>
    accounts.reduce((total, one) => total + of(one), 0)
  return [
    figure('transitions on record', transitions.length, ''),
    exactly(
      `missed on ${screens.length} screens`,
      sum(({ missed }) => missed.length),
      '',
      0,
    ),
    figure(
      'snapshots for screens that were away too long for a replay',
      sum(({ snapshots }) => snapshots),
      '',
    ),
    exactly(
      'snapshots that were not what stood open',
      sum(({ wrongSnapshots }) => wrongSnapshots.length),
      '',
      0,
    ),
    exactly(
      'told twice, out of order, otherwise than recorded, or with a gap',
      sum((one) => one.doubled.length + one.outOfOrder.length + one.different.length + one.gaps.length),
      '',
      0,
    ),
  ]
}

export const loadFigures = (load: LoadResult): BenchRow[] => [
  figure('messages acknowledged', load.acknowledged, ''),
  figure('messages sent again', load.resent, ''),
  exactly('PUBACKs out of order or unasked', load.outOfOrder + load.unexpected, '', 0),
]

/** Events that the load generator's talkers sent: each one raises. */
export function owedByEvents(oracle: readonly OracleEntry[]): { owed: Owed[]; possible: Owed[] } {
  const talkers = oracle.filter(({ topic }) => topic.endsWith('/events'))
  return {
    owed: talkers.flatMap(({ username: deviceId, acknowledged }) =>
      [...acknowledged.timestamps()].map((ts) => ({ deviceId, ts })),
    ),
    possible: talkers.flatMap(({ username: deviceId, unacknowledged }) =>
      unacknowledged.map((ts) => ({ deviceId, ts })),
    ),
  }
}
