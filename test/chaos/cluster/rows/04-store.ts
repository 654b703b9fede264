import { setTimeout as delay } from 'node:timers/promises'
import { atLeast } from '../../../bench/row.ts'
import { sized } from '../../row.ts'
import type { ChaosRow } from '../../row.ts'
import { onClusterStage } from './stage-row.ts'

export const storeStopped: ChaosRow = {
  number: 4,
  fault: 'the store of readings killed and away for ten minutes',
  mustHold: 'alarms as if nothing were; every reading stored once when it is back',
  async run(options) {
    const seconds = sized(options, { quick: 20, usual: 600 })
    return onClusterStage(options, async ({ cluster, fleet }) => {
      await cluster.store.kill()
      const before = (await fleet.progress()).acknowledged
      await delay(seconds * 1_000)
      const acknowledged = (await fleet.progress()).acknowledged - before
      await cluster.store.restart()
      // No time of outage: an alarm needs no store, and is held to its limit all the while.
      return {
        done: `away for ${seconds} s`,
        figures: [atLeast('messages acknowledged meanwhile', acknowledged, '', 1)],
      }
    })
  },
}
