// How the cluster is, looked at once a second: who lives, who owns which partition, how far each is behind, whether ledger and
// Redis answer. From it follows whether this dashboard may look live.
import type { Redis } from 'ioredis'
import type { ClusterFigures } from '../../contract/http/cluster-figures.ts'
import type { ClusterLedger, PartitionRow } from '../../records/ledger/cluster.ts'
import { PROBE_KEY } from '../keys.ts'
import type { NodeBoard, NodeReport, NodeRole } from '../node-board.ts'

export interface ClusterStateOptions {
  readonly partitions: Pick<ClusterLedger['partitions'], 'all'>
  readonly board: Pick<NodeBoard, 'all'>
  readonly redis: Redis
  /** `isStoring` or `readingsLate` became another. `problems`: in words, for the log. */
  readonly changed: (problems: readonly string[]) => void
  readonly lookEveryMs?: number
}

const LOOK_EVERY_MS = 1_000
/** Whoever has not answered a look by then does not answer, ms. */
const PATIENCE_MS = 3_000
/** A lease that ended so long ago and was not taken by anybody: its devices have no owner, ms. */
const UNOWNED_AFTER_MS = 5_000
const PROBE_KEPT_MS = 60_000

export class ClusterState {
  private readonly options: ClusterStateOptions
  private timer: NodeJS.Timeout | null = null
  private looking: Promise<void> | null = null
  private nodes: readonly NodeReport[] = []
  private rows: readonly PartitionRow[] = []
  private memory: { readonly usedBytes: number; readonly maxBytes: number } | null = null
  /** Not before the first look. */
  private ledgerAnswers = false
  private redisAnswers = false
  private redisTakes = false
  private stopped = false

  constructor(options: ClusterStateOptions) {
    this.options = options
  }

  async start(): Promise<void> {
    await this.look()
    this.timer = setInterval(() => void this.look(), this.options.lookEveryMs ?? LOOK_EVERY_MS)
  }

  async stop(): Promise<void> {
    this.stopped = true
    if (this.timer !== null) clearInterval(this.timer)
    await this.looking
  }

  get ledger(): boolean {
    return this.ledgerAnswers
  }

  /** Whether Redis answers and takes what it is given: one that is full, or misses its replicas, takes nothing. */
  get streams(): boolean {
    return this.redisAnswers && this.redisTakes
  }

  /** Partitions whose devices nobody decides for. */
  get unowned(): readonly number[] {
    return this.rows.flatMap(({ partition, until, now }) => (now - until > UNOWNED_AFTER_MS ? [partition] : []))
  }

  /** True while what devices say is taken, decided and journalled. */
  get isStoring(): boolean {
    return this.problems().length === 0
  }

  /** Why readings do not reach their store, in the words of a worker; null: they do. */
  get storeProblem(): string | null {
    return this.nodes.find(({ storeProblem }) => storeProblem != null)?.storeProblem ?? null
  }

  get readingsLate(): boolean {
    return this.storeProblem !== null
  }

  /** Desks whose horn is armed, of all dashboards. */
  get desksArmed(): number {
    return sum(this.nodes, ({ desksArmed }) => desksArmed)
  }

  get alive(): readonly NodeReport[] {
    return this.nodes
  }

  figures(): ClusterFigures {
    const oldest = this.nodes.flatMap(({ oldestUndecidedAt }) => oldestUndecidedAt ?? [])
    return {
      nodes: this.nodes
        .toSorted((a, b) => a.role.localeCompare(b.role) || a.id.localeCompare(b.id))
        .map(({ id, role, startedAt, partitions, undecided, unstored, connections, desksArmed, storeProblem }) => ({
          id,
          role,
          startedAt,
          partitions: role === 'ingest' ? (partitions?.length ?? 0) : null,
          undecided: undecided ?? null,
          unstored: unstored ?? null,
          connections: connections ?? null,
          desksArmed: desksArmed ?? null,
          storeProblem: storeProblem ?? null,
        })),
      partitions: {
        total: this.rows.length,
        unowned: [...this.unowned],
        owners: this.rows.map(({ partition, owner, until, now }) => ({
          partition,
          owner: until > now ? owner : null,
        })),
      },
      undecided: sum(this.nodes, ({ undecided }) => undecided),
      unstored: sum(this.nodes, ({ unstored }) => unstored),
      oldestUndecidedAt: oldest.length === 0 ? null : Math.min(...oldest),
      storeProblem: this.storeProblem,
      ledger: this.ledgerAnswers,
      redis: { answers: this.redisAnswers, takes: this.redisTakes, memory: this.memory },
    }
  }

  private look(): Promise<void> {
    this.looking ??= this.lookOnce().finally(() => (this.looking = null))
    return this.looking
  }

  private async lookOnce(): Promise<void> {
    const { partitions, board, redis, changed } = this.options
    const before = [this.isStoring, this.readingsLate]
    const [rows, nodes, info, written] = await Promise.allSettled([
      inTime(partitions.all()),
      inTime(board.all()),
      inTime(redis.info('memory')),
      inTime(redis.set(PROBE_KEY, '1', 'PX', PROBE_KEPT_MS)),
    ])
    if (this.stopped) return
    this.ledgerAnswers = rows.status === 'fulfilled'
    this.redisAnswers = nodes.status === 'fulfilled'
    this.redisTakes = written.status === 'fulfilled'
    // Whoever cannot be asked is shown as last seen, beside the word that it does not answer.
    if (rows.status === 'fulfilled') this.rows = rows.value
    if (nodes.status === 'fulfilled') this.nodes = nodes.value
    if (info.status === 'fulfilled') this.memory = memoryOf(info.value)
    if (before[0] === this.isStoring && before[1] === this.readingsLate) return
    changed([...this.problems(), ...(this.storeProblem === null ? [] : [`the reading store: ${this.storeProblem}`])])
  }

  /** Why alarms may be late. */
  private problems(): string[] {
    const lives = (role: NodeRole): boolean => this.nodes.some((node) => node.role === role)
    return [
      ...(this.ledgerAnswers ? [] : ['the ledger does not answer']),
      ...(this.redisAnswers ? [] : ['Redis does not answer']),
      ...(this.redisTakes || !this.redisAnswers ? [] : ['Redis takes nothing: it is full, or misses its replicas']),
      ...(lives('broker') || !this.redisAnswers ? [] : ['no broker lives: devices cannot connect']),
      ...(this.unowned.length === 0 ? [] : [`${this.unowned.length} partitions have no owner`]),
    ]
  }
}

const sum = (nodes: readonly NodeReport[], of: (node: NodeReport) => number | undefined): number =>
  nodes.reduce((total, node) => total + (of(node) ?? 0), 0)

async function inTime<T>(asked: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), PATIENCE_MS)
  })
  try {
    return await Promise.race([asked, patience])
  } finally {
    clearTimeout(timer)
  }
}

/** `used_memory:123` and `maxmemory:456` of INFO. */
function memoryOf(info: string): { usedBytes: number; maxBytes: number } {
  const figure = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0)
  return { usedBytes: figure('used_memory'), maxBytes: figure('maxmemory') }
}
