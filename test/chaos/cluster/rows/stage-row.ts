// What the rows have in common: the stage at the size of the run, and its account beside the row's own figures.
import type { BenchRow } from '../../../bench/row.ts'
import { CLUSTER_MISSING } from '../../../support/cluster.ts'
import { NotPossible, sized } from '../../row.ts'
import type { ChaosOptions, ChaosReport } from '../../row.ts'
import { ClusterStage, describeStage } from '../stage.ts'
import type { StageOptions } from '../stage.ts'

/** `play` answers what it did and its own figures. */
export async function onClusterStage(
  options: ChaosOptions,
  play: (stage: ClusterStage) => Promise<{ readonly done: string; readonly figures?: readonly BenchRow[] }>,
  more: Partial<StageOptions> = {},
): Promise<ChaosReport> {
  if (CLUSTER_MISSING)
    throw new NotPossible('apt-get install redis-server postgresql victoria-metrics haproxy: one of them is missing')
  const stageOptions: StageOptions = {
    devices: sized(options, { quick: 400, usual: 5_000 }),
    intervalMs: sized(options, { quick: 2_000, usual: 5_000 }),
    ...more,
  }
  const stage = await ClusterStage.set(stageOptions)
  try {
    const { done, figures = [] } = await play(stage)
    const account = await stage.account(options.say)
    return { size: `${done}, at ${describeStage(stageOptions)}`, figures: [...figures, ...account] }
  } catch (error) {
    options.say(stage.cluster.output().slice(-8_000))
    throw error
  } finally {
    await stage.dispose()
  }
}
