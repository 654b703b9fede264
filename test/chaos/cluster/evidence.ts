// What a cluster's databases hold, read without the cluster.
import { Client } from 'pg'
import type { Transition } from '../../../contract/alarms.ts'
import type { CommittedTransition } from '../../../records/ledger.ts'
import type { StoredTimes } from './stored.ts'

const PER_READ = 20_000

/** Reads the journal as it grows. */
export class JournalReader {
  readonly transitions: CommittedTransition[] = []
  readonly #databaseUrl: string

  constructor(databaseUrl: string) {
    this.#databaseUrl = databaseUrl
  }

  /** What came since the last time. */
  async read(): Promise<void> {
    const client = new Client({ connectionString: this.#databaseUrl })
    await client.connect()
    try {
      for (;;) {
        const { rows } = await client.query<{ body: string; received_at: string | null; site_id: string | null }>(
          'select body, received_at, site_id from transition where seq > $1 order by seq limit $2',
          [this.transitions.at(-1)?.transition.seq ?? 0, PER_READ],
        )
        for (const { body, received_at: receivedAt, site_id: siteId } of rows)
          this.transitions.push({
            transition: JSON.parse(body) as Transition,
            receivedAt: receivedAt === null ? null : Number(receivedAt),
            siteId,
            areaIds: [],
          })
        if (rows.length < PER_READ) return
      }
    } finally {
      await client.end()
    }
  }
}

interface ExportedSeries {
  readonly metric: Readonly<Record<string, string>>
  readonly timestamps: readonly number[]
}

/** Every time that VictoriaMetrics has of these metrics of a kind, by device. */
export async function readStoredTimes(
  storeUrl: string,
  kind: string,
  metrics: readonly string[],
): Promise<StoredTimes> {
  const stored = new Map<string, Map<string, number[]>>()
  for (const metric of metrics) {
    const match = encodeURIComponent(`{__name__="${kind}_${metric}"}`)
    const answer = await fetch(`${storeUrl}/api/v1/export?match[]=${match}`)
    if (!answer.ok) throw new Error(`export: ${answer.status} ${await answer.text()}`)
    for (const line of (await answer.text()).split('\n')) {
      if (line === '') continue
      const { metric: labels, timestamps } = JSON.parse(line) as ExportedSeries
      const deviceId = labels['device'] ?? ''
      const byMetric = stored.get(deviceId) ?? new Map<string, number[]>()
      byMetric.set(metric, [...(byMetric.get(metric) ?? []), ...timestamps])
      stored.set(deviceId, byMetric)
    }
  }
  return stored
}
