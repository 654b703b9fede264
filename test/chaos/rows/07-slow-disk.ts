import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { exactly, figure } from '../../bench/row.ts'
import { percentile } from '../../bench/percentile.ts'
import { until } from '../../support/hub-process.ts'
import { sized } from '../row.ts'
import type { ChaosRow } from '../row.ts'
import { createDiskShim } from '../shim.ts'
import { describeLoad, onStage } from '../stage.ts'
import type { Stage } from '../stage.ts'

const LOCKED_MS = 10_000
const SLOW_MS = 200

export const slowDisk: ChaosRow = {
  number: 7,
  fault: 'ledger locked for 10 s; every sync 200 ms slower',
  mustHold: 'acknowledgements wait, order kept',
  async run(options) {
    const slowSeconds = sized(options, { quick: 5, usual: 20 })
    const shim = createDiskShim()
    const stageOptions = {
      rate: sized(options, { quick: 1_000, usual: 5_000 }),
      alarmsPerSecond: 100,
      detectors: 200,
      environment: shim.environment,
      dataDirectory: shim.root,
    }
    try {
      return await onStage(stageOptions, async (stage) => {
        options.say('the ledger is locked')
        const waited = await lockLedger(stage)
        await stage.flows()
        options.say('every sync is slow')
        shim.slowSyncs(SLOW_MS)
        const latencies: number[] = []
        for (const end = performance.now() + slowSeconds * 1_000; performance.now() < end;) {
          latencies.push(await alarmMs(stage))
          await delay(100)
        }
        shim.slowSyncs(0)
        await stage.flows()
        const { figures } = await stage.account()
        return {
          size: `locked ${LOCKED_MS / 1_000} s, then slow for ${slowSeconds} s, at ${describeLoad(stageOptions)}`,
          figures: [
            exactly('alarms acknowledged while the ledger could not take them', waited.early, '', 0),
            figure('acknowledged after the lock was gone', waited.afterMs, 'ms'),
            figure('alarm → PUBACK with slow syncs, p50', percentile(latencies, 0.5), 'ms'),
            figure('alarm → PUBACK with slow syncs, worst', Math.max(...latencies), 'ms'),
            ...figures,
          ],
        }
      })
    } finally {
      shim.dispose()
    }
  },
}

/** Another process of the machine holds the ledger's write lock. */
async function lockLedger(stage: Stage): Promise<{ early: number; afterMs: number }> {
  const other = new DatabaseSync(join(stage.dataDirectory, 'ledger.db'), { timeout: 5_000 })
  try {
    other.exec('begin immediate')
    const alarms = Array.from({ length: 5 }, () => stage.alarm())
    await delay(LOCKED_MS)
    const early = alarms.filter(({ acknowledged }) => acknowledged).length
    other.exec('rollback')
    const freed = performance.now()
    await until('the alarms are acknowledged', () => alarms.every(({ acknowledged }) => acknowledged))
    return { early, afterMs: performance.now() - freed }
  } finally {
    other.close()
  }
}

async function alarmMs(stage: Stage): Promise<number> {
  const started = performance.now()
  const device = stage.alarm()
  await until('an alarm is acknowledged', () => device.acknowledged)
  return performance.now() - started
}
