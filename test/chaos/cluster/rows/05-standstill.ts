import { setTimeout as delay } from 'node:timers/promises'
import { spread } from '../../county.ts'
import { sized } from '../../row.ts'
import type { ChaosRow } from '../../row.ts'
import { onClusterStage } from './stage-row.ts'

/** Longer than a lease: others own its partitions when it wakes. */
const STILL_MS = 14_000

export const standstill: ChaosRow = {
  number: 5,
  fault: 'a worker, and sometimes a broker, stands still past its lease and wakes',
  mustHold: 'the sleeper is fenced: 0 lost, 0 twice; an alarm on a screen ≤ 15 s after its PUBACK all the while',
  async run(options) {
    const rounds = sized(options, { quick: 3, usual: 12 })
    return onClusterStage(options, async ({ cluster, fleet }) => {
      const random = spread(20_261_124)
      for (let round = 0; round < rounds; round++) {
        const of = round % 3 === 2 ? cluster.brokers : cluster.workers
        const victim = of[Math.floor(random() * of.length)]
        if (victim === undefined) throw new Error('the cluster has no such process')
        options.say(`round ${round + 1} of ${rounds}: ${victim.name}`)
        victim.freeze()
        await delay(STILL_MS)
        victim.thaw()
        await victim.ready()
        await fleet.allFlow()
      }
      return { done: `${rounds} × SIGSTOP for ${STILL_MS / 1_000} s` }
    })
  },
}
