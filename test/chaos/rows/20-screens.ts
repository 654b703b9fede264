import { setTimeout as delay } from 'node:timers/promises'
import { residentBytes } from '../../bench/connections.ts'
import { percentile } from '../../bench/percentile.ts'
import { atMost, exactly, figure } from '../../bench/row.ts'
import type { BenchRow } from '../../bench/row.ts'
import { sized } from '../row.ts'
import type { ChaosOptions, ChaosRow } from '../row.ts'
import { startScreens, tokensForScreens } from '../screens.ts'
import { describeLoad, onStage } from '../stage.ts'
import type { StageOptions } from '../stage.ts'

const MIB = 2 ** 20
const FROZEN_MIB = 5
const TRUSTED = { ZHIAN_TRUSTED_PROXIES: '127.0.0.1' }

export const screens: ChaosRow = {
  number: 20,
  fault: 'frozen browsers; 500 screens',
  mustHold: '+5 MB each at most; alarm p99 ≤ 500 ms',
  async run(options) {
    const frozenStage = {
      rate: sized(options, { quick: 500, usual: 1_000 }),
      alarmsPerSecond: sized(options, { quick: 50, usual: 150 }),
      environment: TRUSTED,
    }
    const manyStage = { rate: 200, alarmsPerSecond: 5, environment: TRUSTED, screens: 1 }
    const frozen = sized(options, { quick: 5, usual: 20 })
    const many = sized(options, { quick: 100, usual: 500 })
    const seconds = sized(options, { quick: 10, usual: 40 })
    const figures = [
      ...(await frozenBrowsers(frozenStage, frozen, seconds, options)),
      ...(await manyScreens(manyStage, many, seconds, options)),
    ]
    return {
      size:
        `${frozen} of ${frozen + 5} screens frozen for ${seconds} s at ${describeLoad(frozenStage)}; ` +
        `${many} screens for ${seconds} s at ${describeLoad(manyStage)}`,
      figures,
    }
  },
}

async function mostResident(pid: number, seconds: number): Promise<number> {
  let most = 0
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; await delay(100))
    most = Math.max(most, residentBytes(pid))
  return most
}

function frozenBrowsers(
  stageOptions: StageOptions,
  count: number,
  seconds: number,
  { say }: ChaosOptions,
): Promise<BenchRow[]> {
  return onStage(stageOptions, async (stage) => {
    const screens = await startScreens(stage.hub.base, await tokensForScreens(stage.api, count))
    try {
      say(`${count} screens, all well`)
      // The same screens, reading: what they and the load cost by themselves.
      const before = await mostResident(stage.hub.pid, seconds)
      say('they freeze')
      await screens.freeze(count)
      const after = await mostResident(stage.hub.pid, seconds)
      await screens.end()
      const { figures } = await stage.account()
      return [
        figure('resident memory while they read', before / MIB, 'MiB'),
        atMost('more, a frozen screen', Math.max(0, after - before) / MIB / count, 'MiB', FROZEN_MIB),
        ...figures,
      ]
    } finally {
      await screens.end()
    }
  })
}

function manyScreens(
  stageOptions: StageOptions,
  count: number,
  seconds: number,
  { say }: ChaosOptions,
): Promise<BenchRow[]> {
  return onStage(stageOptions, async (stage) => {
    const screens = await startScreens(stage.hub.base, await tokensForScreens(stage.api, count))
    try {
      say(`${count} screens`)
      await screens.take()
      await delay(seconds * 1_000)
      const { latencies, live, heard } = await screens.take()
      await screens.end()
      const { figures } = await stage.account()
      const sorted = [...latencies]
      return [
        figure(`alarms heard on ${count} screens`, heard, ''),
        exactly('screens still live', live, '', count),
        figure('hub receives → a screen hears, p50', percentile(sorted, 0.5), 'ms'),
        atMost('hub receives → a screen hears, p99', percentile(sorted, 0.99), 'ms', 500),
        ...figures,
      ]
    } finally {
      await screens.end()
    }
  })
}
