import { setTimeout as delay } from 'node:timers/promises'
import { atMost } from '../../../bench/row.ts'
import { sized } from '../../row.ts'
import type { ChaosRow } from '../../row.ts'
import { onClusterStage } from './stage-row.ts'

const CUT_MS = 20_000
const BROKER = 'broker-0'
const AWAY_LIMIT_S = 15

export const cutOff: ChaosRow = {
  number: 6,
  fault: 'a broker cut off from Redis: reset, and frozen as by a pulled cable',
  mustHold: 'it acknowledges nothing; its devices go to the other one ≤ 15 s; 0 lost, 0 twice',
  async run(options) {
    const rounds = sized(options, { quick: 2, usual: 6 })
    return onClusterStage(
      options,
      async ({ cluster, fleet }) => {
        const link = cluster.link(BROKER)
        const elsewhereMs: number[] = []
        for (let round = 0; round < rounds; round++) {
          const pulled = round % 2 === 1
          options.say(`round ${round + 1} of ${rounds}: ${pulled ? 'frozen' : 'reset'}`)
          const cut = performance.now()
          if (pulled) link.freeze()
          else {
            link.refuse(true)
            link.cut()
          }
          await fleet.allFlow()
          elsewhereMs.push(performance.now() - cut)
          await delay(Math.max(0, CUT_MS - (performance.now() - cut)))
          if (pulled) link.thaw()
          else link.refuse(false)
          await cluster.brokers[0]?.ready()
          await fleet.allFlow()
        }
        return {
          done: `${rounds} cuts of ${CUT_MS / 1_000} s`,
          figures: [
            atMost('every device acknowledged again, slowest', Math.max(...elsewhereMs) / 1_000, 's', AWAY_LIMIT_S),
          ],
        }
      },
      { linked: [BROKER] },
    )
  },
}
