// Journal entries for tests: real shapes, told apart by alarm, device and place.
import type { Alarm } from '../../contract/alarms.ts'
import type { JournalEntry, NewTransition } from '../../records/ledger.ts'

export const T0 = 1_795_000_000_000

export interface EntrySettings {
  readonly alarmId: string
  readonly deviceId?: string
  readonly siteId?: string | null
  readonly areaIds?: readonly string[]
  readonly type?: NewTransition['type']
  readonly reason?: NewTransition['reason']
  readonly by?: NewTransition['by']
  readonly at?: number
  readonly priority?: Alarm['priority']
  readonly closedAt?: number | null
}

export function entryOf(settings: EntrySettings): JournalEntry {
  const at = settings.at ?? T0
  const siteId = settings.siteId ?? null
  const by = settings.by ?? null
  const closedAt = settings.closedAt ?? null
  const alarm: Omit<Alarm, 'seq'> = {
    id: settings.alarmId,
    deviceId: settings.deviceId ?? 'ELEC-0001',
    deviceName: '一号电表',
    siteId,
    place: ['某县', '某镇', '某村', '某某出租房'],
    kind: 'electricity',
    category: 'electrical',
    ruleId: 'electricity.residual_current',
    ruleVersion: 1,
    signal: 'residual_current',
    channel: '',
    level: 'alarm',
    priority: settings.priority ?? 2,
    condition: closedAt === null ? 'active' : 'normal',
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
    raisedAt: T0,
    clearedAt: null,
    updatedAt: at,
    closedAt,
    verdict: null,
  }
  const transition: NewTransition = {
    at,
    sampleTs: at - 40,
    type: settings.type ?? 'raised',
    reason: settings.reason ?? (by === null ? 'threshold' : 'human'),
    by,
    comment: null,
    alarm,
  }
  const address = by === null ? null : '127.0.0.1'
  return { transition, siteId, areaIds: settings.areaIds ?? [], receivedAt: at - 3, address }
}
