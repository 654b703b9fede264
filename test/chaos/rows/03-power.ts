// The cache of the machine goes with its power: a shim keeps account of what was synced, and after a kill the files are
// put back to that. In every second cut some pages that were written and not synced survive, as on a real disk.
// Names are taken as durable when they are given, as LazyFS does too.
import { exactly, figure } from '../../bench/row.ts'
import { spread } from '../county.ts'
import { cutPower, durableFiles } from '../power-cut.ts'
import { sized } from '../row.ts'
import type { ChaosRow } from '../row.ts'
import { createDiskShim } from '../shim.ts'
import { describeLoad, onStage } from '../stage.ts'

const ALARMS_A_CUT = 2

export const power: ChaosRow = {
  number: 3,
  fault: 'power loss: what was not synced is gone',
  mustHold: 'alarms and acknowledged readings 0',
  async run(options) {
    const cuts = sized(options, { quick: 4, usual: 50 })
    const shim = createDiskShim({ logging: true })
    const stageOptions = {
      rate: sized(options, { quick: 1_000, usual: 3_000 }),
      alarmsPerSecond: 100,
      detectors: cuts * ALARMS_A_CUT,
      environment: shim.environment,
      dataDirectory: shim.root,
    }
    try {
      return await onStage(stageOptions, async (stage) => {
        const random = spread(3)
        let [undone, harmed] = [0, 0]
        let before: ReturnType<typeof durableFiles> = new Map()
        for (let cut = 0; cut < cuts; cut++) {
          options.say(`cut ${cut + 1} of ${cuts}`)
          await stage.flows(200 + Math.floor(random() * 2_000))
          for (let n = 0; n < ALARMS_A_CUT; n++) stage.alarm()
          await new Promise((resolve) => setTimeout(resolve, random() * 100))
          await stage.hub.kill()
          const survives = cut % 2 === 0 ? () => false : () => random() < 0.5
          const report = cutPower(shim.root, before, shim.log, survives)
          undone += report.undone
          if (report.undone > 0) harmed++
          before = durableFiles(shim.root)
          shim.clearLog()
          await stage.hub.restart()
        }
        const { figures } = await stage.account()
        return {
          size: `${cuts} cuts at ${describeLoad(stageOptions)}; SQLite WAL synchronous=FULL, DuckDB WAL; LD_PRELOAD shim`,
          figures: [
            exactly('restarts from what was synced', cuts, '', cuts),
            figure('cuts that took something away', harmed, ''),
            figure('bytes taken away', undone, ''),
            ...figures,
          ],
        }
      })
    } finally {
      shim.dispose()
    }
  },
}
