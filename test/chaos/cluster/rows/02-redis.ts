import { setTimeout as delay } from 'node:timers/promises'
import { atMost } from '../../../bench/row.ts'
import { spread } from '../../county.ts'
import { sized } from '../../row.ts'
import type { ChaosRow } from '../../row.ts'
import { onClusterStage } from './stage-row.ts'

const DOWN_MS = 5_000
const AGAIN_LIMIT_S = 15

export const redisKilled: ChaosRow = {
  number: 2,
  fault: 'Redis killed and started again on its append-only file',
  mustHold: 'no PUBACK without Redis; 0 lost, 0 twice; every device acknowledged ≤ 15 s after it is back',
  async run(options) {
    const rounds = sized(options, { quick: 3, usual: 20 })
    return onClusterStage(options, async (stage) => {
      const { cluster, fleet } = stage
      const random = spread(20_261_123)
      const againMs: number[] = []
      for (let round = 0; round < rounds; round++) {
        options.say(`round ${round + 1} of ${rounds}`)
        await stage.outage(async () => {
          await cluster.redis.kill()
          await delay(random() * DOWN_MS)
          await cluster.redis.restart()
        })
        const back = performance.now()
        await fleet.allFlow()
        againMs.push(performance.now() - back)
        await delay(random() * 3_000)
      }
      return {
        done: `${rounds} kills, each away for up to ${DOWN_MS / 1_000} s`,
        figures: [atMost('every device acknowledged again, slowest', Math.max(...againMs) / 1_000, 's', AGAIN_LIMIT_S)],
      }
    })
  },
}
