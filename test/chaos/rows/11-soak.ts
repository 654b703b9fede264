// Hours in minutes: devices and screens that come and go all the time under a steady load. What grows, grows in the last
// two thirds too.
import { readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { residentBytes } from '../../bench/connections.ts'
import { median } from '../../bench/percentile.ts'
import { atMost, figure } from '../../bench/row.ts'
import { Screen } from '../../support/api.ts'
import { AlarmProbe } from '../alarm-probe.ts'
import { startClients } from '../clients.ts'
import type { Owed } from '../reckoning.ts'
import { sized } from '../row.ts'
import type { ChaosRow } from '../row.ts'
import { describeLoad, onStage } from '../stage.ts'
import type { Stage } from '../stage.ts'

const COMING_AND_GOING = 100
const PROBES = 4
/** Flat: the last third is no more than this above the middle one. Garbage of a heap of this size moves as much by itself. */
const FLAT_SHARE = 1.1
const FLAT_DESCRIPTORS = 20
/** Of a p99 over some hundred alarms on a shared machine. */
const FLAT_P99_SHARE = 2
const FLAT_P99_MS = 100

interface Third {
  readonly rss: number[]
  readonly descriptors: number[]
  p99: number
}

export const soak: ChaosRow = {
  number: 11,
  fault: 'soak with churn',
  mustHold: 'RSS, descriptors, p99 flat',
  async run(options) {
    const seconds = sized(options, { quick: 30, usual: 180, long: 3_600 })
    const stageOptions = {
      rate: sized(options, { quick: 1_000, usual: 3_000 }),
      alarmsPerSecond: 50,
      others: [
        { prefix: 'guest', kind: 'smoke' as const, count: COMING_AND_GOING },
        { prefix: 'probe', kind: 'electricity' as const, count: PROBES },
      ],
    }
    return onStage(stageOptions, async (stage) => {
      const { thirds, sent } = await churned(stage, seconds, options.say)
      const [, middle, last] = thirds as [Third, Third, Third]
      const mib = (bytes: readonly number[]): number => median(bytes) / 2 ** 20
      const { figures } = await stage.account(sent)
      return {
        size: `${seconds} s, ${COMING_AND_GOING} devices and a screen that come and go, at ${describeLoad(stageOptions)}`,
        figures: [
          figure('resident memory, middle third', mib(middle.rss), 'MiB'),
          atMost('resident memory, last third', mib(last.rss), 'MiB', mib(middle.rss) * FLAT_SHARE),
          figure('descriptors, middle third', median(middle.descriptors), ''),
          atMost(
            'descriptors, last third',
            median(last.descriptors),
            '',
            median(middle.descriptors) + FLAT_DESCRIPTORS,
          ),
          figure('alarm → screen p99, middle third', middle.p99, 'ms'),
          atMost('alarm → screen p99, last third', last.p99, 'ms', Math.max(FLAT_P99_MS, middle.p99 * FLAT_P99_SHARE)),
          ...figures,
        ],
      }
    })
  },
}

async function churned(
  stage: Stage,
  seconds: number,
  say: (text: string) => void,
): Promise<{ thirds: Third[]; sent: readonly Owed[] }> {
  const [screen] = stage.screens
  if (screen === undefined) throw new Error('no screen')
  const probe = await AlarmProbe.open(stage.hub.mqttPort, stage.devices('probe'), { screen, pauseMs: 200 })
  const guests = await startClients(stage.hub.mqttPort, stage.devices('guest'))
  probe.start()
  const thirds: Third[] = []
  try {
    for (let third = 0; third < 3; third++) {
      const found: Third = { rss: [], descriptors: [], p99: NaN }
      for (let second = 0; second < seconds / 3; second++) {
        if (second % 20 === 0) say(`second ${Math.round((third * seconds) / 3) + second} of ${seconds}`)
        found.rss.push(residentBytes(stage.hub.pid))
        found.descriptors.push(readdirSync(`/proc/${stage.hub.pid}/fd`).length)
        // Sixty logins in five minutes are a device that flaps: each of them comes back every six seconds.
        if (second % 6 === 0) await guests.drop()
        const visitor = new Screen(stage.hub.base, stage.api.token, null)
        await delay(1_000)
        visitor.close()
      }
      found.p99 = probe.take().p99
      thirds.push(found)
    }
  } finally {
    await guests.end()
    await probe.stop()
  }
  return { thirds, sent: probe.sent }
}
