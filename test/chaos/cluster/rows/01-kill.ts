import { setTimeout as delay } from 'node:timers/promises'
import { percentile } from '../../../bench/percentile.ts'
import { atMost, figure } from '../../../bench/row.ts'
import { spread } from '../../county.ts'
import { sized } from '../../row.ts'
import type { ChaosRow } from '../../row.ts'
import { onClusterStage } from './stage-row.ts'

const READY_LIMIT_S = 5
/** Down for at most this long: sometimes less than a lease, sometimes more than a node is believed, ms. */
const DOWN_MS = 12_000

export const kill: ChaosRow = {
  number: 1,
  fault: 'kill -9 of brokers, workers and dashboards in random order',
  mustHold:
    '0 lost, 0 twice, order kept; an alarm on a screen ≤ 15 s after its PUBACK, though nobody restarts what died',
  async run(options) {
    const rounds = sized(options, { quick: 9, usual: 50 })
    return onClusterStage(options, async ({ cluster, fleet }) => {
      const random = spread(20_261_122)
      const readyMs: number[] = []
      for (let round = 0; round < rounds; round++) {
        // Every process in turn, in an order of its own for each turn, would be too orderly: two of a role may die in a row.
        const victim = cluster.processes[Math.floor(random() * cluster.processes.length)]
        if (victim === undefined) throw new Error('the cluster has no processes')
        const downMs = random() * DOWN_MS
        options.say(`round ${round + 1} of ${rounds}: ${victim.name}, down for ${(downMs / 1_000).toFixed(1)} s`)
        await victim.kill()
        await delay(downMs)
        const started = performance.now()
        await victim.restart()
        readyMs.push(performance.now() - started)
        await fleet.allFlow()
      }
      return {
        done: `${rounds} kills, each down for up to ${DOWN_MS / 1_000} s`,
        figures: [
          figure('ready again, median', percentile(readyMs, 0.5) / 1_000, 's'),
          atMost('ready again, p99', percentile(readyMs, 0.99) / 1_000, 's', READY_LIMIT_S),
        ],
      }
    })
  },
}
