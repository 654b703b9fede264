import { setTimeout as delay } from 'node:timers/promises'
import { atLeast } from '../../../bench/row.ts'
import { sized } from '../../row.ts'
import type { ChaosRow } from '../../row.ts'
import { onClusterStage } from './stage-row.ts'

export const postgresStopped: ChaosRow = {
  number: 3,
  fault: 'PostgreSQL stopped for a minute',
  mustHold: 'devices go on being acknowledged; 0 lost, 0 twice; alarms on the screens ≤ 15 s after it is back',
  async run(options) {
    const seconds = sized(options, { quick: 15, usual: 60 })
    return onClusterStage(options, async (stage) => {
      const { cluster, fleet } = stage
      let acknowledged = 0
      await stage.outage(async () => {
        await cluster.postgres.stop()
        const before = (await fleet.progress()).acknowledged
        await delay(seconds * 1_000)
        acknowledged = (await fleet.progress()).acknowledged - before
        await cluster.postgres.restart()
      })
      await fleet.allFlow()
      return {
        done: `stopped for ${seconds} s`,
        figures: [atLeast('messages acknowledged meanwhile', acknowledged, '', 1)],
      }
    })
  },
}
