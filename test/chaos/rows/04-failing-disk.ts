// One operation on the disk fails, the first, the second … from a moment on; half of them while the hub runs, and the
// first ones of a start as well.
import { exactly, figure } from '../../bench/row.ts'
import { until } from '../../support/hub-process.ts'
import { sized } from '../row.ts'
import type { ChaosRow } from '../row.ts'
import { createDiskShim, ERROR_NUMBERS } from '../shim.ts'
import type { DiskShim } from '../shim.ts'
import { describeLoad, onStage } from '../stage.ts'
import type { Stage } from '../stage.ts'

const ERRORS = Object.keys(ERROR_NUMBERS) as (keyof typeof ERROR_NUMBERS)[]
/** How long the n-th operation may be in coming, and the hub in going on, ms. */
const PATIENCE_MS = 60_000

interface Tally {
  fired: number
  /** Ended by itself, and was started again as a service manager would. */
  ended: number
  /** Starts that were refused, and of those the ones that did not end by themselves. */
  refusedStarts: number
  hungStarts: number
}

export const failingDisk: ChaosRow = {
  number: 4,
  fault: 'the n-th write, sync or rename fails (EIO, ENOSPC)',
  mustHold: 'no PUBACK for a failed commit; lives or restarts clean',
  async run(options) {
    const last = sized(options, { quick: 15, usual: 300 })
    const starts = sized(options, { quick: 4, usual: 30 })
    const shim = createDiskShim()
    const stageOptions = {
      rate: sized(options, { quick: 1_000, usual: 3_000 }),
      alarmsPerSecond: 100,
      detectors: last,
      environment: shim.environment,
      dataDirectory: shim.root,
    }
    try {
      return await onStage(stageOptions, async (stage) => {
        const tally: Tally = { fired: 0, ended: 0, refusedStarts: 0, hungStarts: 0 }
        for (let nth = 1; nth <= last; nth++) {
          if (nth % 25 === 0) options.say(`operation ${nth} of ${last}`)
          await failWhileRunning(stage, shim, nth, tally)
        }
        for (let nth = 1; nth <= starts; nth++) {
          if (nth % 10 === 0) options.say(`operation ${nth} of ${starts} of a start`)
          await failWhileStarting(stage, shim, nth, tally)
        }
        const { figures } = await stage.account()
        return {
          size: `N = 1…${last} while running, 1…${starts} of a start, EIO and ENOSPC in turn, at ${describeLoad(stageOptions)}`,
          figures: [
            exactly('operations failed while running', tally.fired, '', last),
            figure('the hub ended and was started again', tally.ended, ''),
            figure('starts refused, and the next one clean', tally.refusedStarts, ''),
            exactly('starts that hung', tally.hungStarts, '', 0),
            ...figures,
          ],
        }
      })
    } finally {
      shim.dispose()
    }
  },
}

async function failWhileRunning(stage: Stage, shim: DiskShim, nth: number, tally: Tally): Promise<void> {
  const before = shim.fired
  shim.failAt(nth, ERRORS[nth % ERRORS.length] as keyof typeof ERROR_NUMBERS)
  stage.alarm()
  await until(`operation ${nth} has failed`, () => shim.fired > before, PATIENCE_MS)
  tally.fired++
  await goesOn(stage, tally)
}

/** Messages are acknowledged again, if need be after another start. */
async function goesOn(stage: Stage, tally: Tally): Promise<void> {
  const enough = (await stage.acknowledged()) + 50
  await until(
    'messages are acknowledged again',
    async () => {
      if (!stage.hub.running) {
        tally.ended++
        await stage.hub.restart()
      }
      return (await stage.acknowledged()) >= enough
    },
    PATIENCE_MS,
  )
}

async function failWhileStarting(stage: Stage, shim: DiskShim, nth: number, tally: Tally): Promise<void> {
  await stage.hub.kill()
  shim.failAt(nth, ERRORS[nth % ERRORS.length] as keyof typeof ERROR_NUMBERS)
  try {
    await stage.hub.restart()
  } catch {
    tally.refusedStarts++
    if (stage.hub.running) {
      tally.hungStarts++
      await stage.hub.kill()
    }
    shim.failAt(0, 'EIO')
    await stage.hub.restart()
  }
  shim.failAt(0, 'EIO')
  await goesOn(stage, tally)
}
