// An alarm of the past, raised and over, as the journal keeps it.
import type { Alarm } from '../../contract/alarms.ts'
import type { JournalEntry } from '../../records/ledger.ts'

const MINUTE_MS = 60_000

/** The nth alarm back from `now`, one a minute, each over after half a minute. */
export function closedAlarm(nth: number, deviceId: string, now: number): [JournalEntry, JournalEntry] {
  const raisedAt = now - (nth + 1) * MINUTE_MS
  const closedAt = raisedAt + MINUTE_MS / 2
  const raised: Omit<Alarm, 'seq'> = {
    id: `past-${nth}`,
    deviceId,
    deviceName: deviceId,
    siteId: null,
    place: [],
    kind: 'electricity',
    category: 'electrical',
    ruleId: 'electricity.residual_current',
    ruleVersion: 1,
    signal: 'residual_current',
    channel: '',
    level: 'alarm',
    priority: 3,
    condition: 'active',
    ack: null,
    suppression: null,
    mode: 'normal',
    latched: false,
    title: { zh: '剩余电流超限', en: 'Residual current over limit' },
    value: 512.5,
    limit: 300,
    unit: 'mA',
    reason: 'threshold',
    occurrences: 1,
    raisedAt,
    clearedAt: null,
    updatedAt: raisedAt,
    closedAt: null,
    verdict: null,
  }
  const closed = { ...raised, condition: 'normal', clearedAt: closedAt, updatedAt: closedAt, closedAt } as const
  return [entry(raised, 'raised', raisedAt), entry(closed, 'closed', closedAt)]
}

const entry = (alarm: Omit<Alarm, 'seq'>, type: 'raised' | 'closed', at: number): JournalEntry => ({
  transition: { at, sampleTs: at, type, reason: 'threshold', by: null, comment: null, alarm },
  siteId: null,
  areaIds: [],
  receivedAt: at,
  address: null,
})
