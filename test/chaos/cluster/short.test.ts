// The cluster's matrix in a minute: every role killed twice, a worker that sleeps past its lease meanwhile, Redis killed,
// PostgreSQL stopped; then the same account as the full rows give. What it finds is counted; how long it took is not judged
// here, where a machine may be busy with something else.
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BenchRow } from '../../bench/row.ts'
import { formatRow } from '../../bench/table.ts'
import { CLUSTER_MISSING } from '../../support/cluster.ts'
import type { RoleProcess } from '../../support/role-process.ts'
import { noteFigures } from '../../support/noted-figures.ts'
import { ClusterStage } from './stage.ts'

/** Longer than a lease, ms. */
const ASLEEP_MS = 12_000
const POSTGRES_AWAY_MS = 5_000

describe.skipIf(CLUSTER_MISSING)('a cluster whose parts die one after the other', () => {
  let stage: ClusterStage
  let figures: readonly BenchRow[]
  const complaints: string[] = []

  beforeAll(async () => {
    stage = await ClusterStage.set({ devices: 60, intervalMs: 500, cycle: { quiet: 3, loud: 2 } })
    const { cluster, fleet } = stage
    const [first, second, third] = cluster.workers as [RoleProcess, RoleProcess, RoleProcess]
    const killed = async (victim: RoleProcess): Promise<void> => {
      await victim.kill()
      await victim.restart()
      await fleet.flows(30)
    }
    first.freeze()
    const asleep = delay(ASLEEP_MS)
    for (const victim of [...cluster.brokers, ...cluster.dashboards]) await killed(victim)
    await asleep
    first.thaw()
    await fleet.allFlow()
    await killed(second)
    await killed(third)
    await stage.outage(async () => {
      await cluster.redis.kill()
      await cluster.redis.restart()
    })
    await fleet.allFlow()
    await stage.outage(async () => {
      await cluster.postgres.stop()
      await delay(POSTGRES_AWAY_MS)
      await cluster.postgres.restart()
    })
    await cluster.ready(120_000)
    await fleet.allFlow()
    figures = await stage.account((text) => complaints.push(text))
    process.stdout.write(`${figures.map(formatRow).join('\n')}\n`)
    noteFigures(...figures)
  }, 600_000)
  afterAll(async () => {
    await stage?.dispose()
  }, 120_000)

  /** Those of a guarantee, or of none. */
  const counted = (guarantee: string): readonly BenchRow[] =>
    figures.filter(
      ({ name, target }) => target.startsWith('=') && (/^G\d+ /.exec(name)?.[0] ?? 'none ') === `${guarantee} `,
    )
  const hold = (guarantee: string): void => {
    expect(counted(guarantee).length).toBeGreaterThan(0)
    expect(
      counted(guarantee).filter(({ ok }) => ok !== true),
      complaints.join('\n'),
    ).toEqual([])
  }

  it('was under load: messages, alarms and acts', () => {
    for (const name of ['messages measured', 'transitions owed', 'alarms taken by an officer', 'connections made'])
      expect(figures.find((row) => row.name === name)?.value).toBeGreaterThanOrEqual(5)
  })
  it('G1: every acknowledged reading is stored once, and every alarm it caused is in the ledger', () => hold('G1'))
  it('G2: the sequence has no gap, and no transition stands twice', () => hold('G2'))
  it('G3: no screen missed a transition, at whatever dashboard', () => hold('G3'))
  it('G8: an act that was answered stands in the ledger, and none stands there twice', () => hold('G8'))
  it('nothing is false, out of order, mixed up, or still without its PUBACK; no process ended by itself', () =>
    hold('none'))
})
