// What an ingest worker tells Prometheus. Read at each scrape; nothing here runs per message.
import { Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { PartitionLag } from '../../cluster/worker/account.ts'
import type { Worker } from '../../cluster/worker/worker.ts'

/** Of every partition that it owns: one series each, 64 at most. */
const BY_PARTITION: readonly [name: string, help: string, read: (lag: PartitionLag) => number][] = [
  ['zhian_partition_undecided', 'Entries of a partition that wait to be decided', ({ undecided }) => undecided],
  [
    'zhian_partition_unstored',
    'Entries of a partition that wait for the store of readings',
    ({ unstored }) => unstored,
  ],
]

export function measureWorker(registry: Registry, worker: Worker, wall: () => number): void {
  const registers = [registry]
  const gauge = (name: string, help: string, read: () => number): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  const counts = () => worker.account.counts(worker.keeper.held().map(({ pipeline }) => pipeline.counters.snapshot()))
  gauge('zhian_points_received', 'Data points received since start', () => counts().received)
  gauge('zhian_points_stored', 'Data points durable and decided since start', () => counts().stored)
  gauge('zhian_points_pending', 'Data points taken and not yet decided for good', () => counts().pending)
  gauge(
    'zhian_points_not_committed',
    'Data points given up because a commit failed, and read again',
    () => counts().notCommitted,
  )
  gauge('zhian_messages', 'Messages taken since start', () => counts().messages)
  gauge('zhian_partitions_owned', 'Partitions that this worker owns', () => worker.keeper.held().length)
  gauge('zhian_partition_owner_changes', 'Partitions taken and given up since start', () => worker.keeper.changes)
  gauge('zhian_store_inputs_written', 'Readings and events that the store has taken since start', () => {
    return worker.account.written.inputs
  })
  gauge('zhian_store_writes', 'Writes to the store since start', () => worker.account.written.writes)
  gauge('zhian_store_write_seconds', 'Time that writes to the store took since start', () => {
    return worker.account.written.ms / 1_000
  })
  gauge('zhian_store_down', '1 while readings do not reach the store', () =>
    worker.storeLoop.problem === null ? 0 : 1,
  )
  gauge('zhian_intake_deaf', '1 while no device can be heard', () => (worker.hearing.problem === null ? 0 : 1))
  gauge('zhian_entries_set_aside', 'Entries set aside since start', () => worker.account.setAsides)
  gauge('zhian_stream_gaps', 'Places in the streams where entries were missing', () => worker.account.gaps)
  gauge('zhian_undecided_age_seconds', 'Age of the oldest entry that waits to be decided', () => {
    const { oldestUndecidedAt } = worker.account.waiting()
    return oldestUndecidedAt === null ? 0 : Math.max(0, wall() - oldestUndecidedAt) / 1_000
  })
  for (const [name, help, read] of BY_PARTITION)
    new Gauge({
      name,
      help,
      labelNames: ['partition'],
      registers,
      collect() {
        this.reset()
        for (const lag of worker.account.lags) this.set({ partition: lag.partition }, read(lag))
      },
    })
  new Gauge({
    name: 'zhian_points_rejected',
    help: 'Data points rejected since start, by reason',
    labelNames: ['reason'],
    registers,
    collect() {
      for (const [reason, count] of Object.entries(counts().byReason)) this.set({ reason }, count)
    },
  })
}
