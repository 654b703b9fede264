import { atMost, atLeast, exactly, figure } from '../../bench/row.ts'
import { residentBytes } from '../../bench/connections.ts'
import { until } from '../../support/hub-process.ts'
import { AlarmProbe } from '../alarm-probe.ts'
import { capMemory } from '../memory-cap.ts'
import { sized } from '../row.ts'
import type { ChaosRow } from '../row.ts'
import { describeLoad, onStage } from '../stage.ts'

const CAP_MB = 512
const PROBES = 4

export const memory: ChaosRow = {
  number: 8,
  fault: `${CAP_MB} MB of memory, double load`,
  mustHold: 'readings slowed first; alarms acknowledged',
  async run(options) {
    const seconds = sized(options, { quick: 10, usual: 90, long: 600 })
    const stageOptions = {
      rate: sized(options, { quick: 4_000, usual: 20_000 }),
      alarmsPerSecond: 100,
      // The load's own pile of unacknowledged messages is not the hub's.
      window: 256,
      others: [{ prefix: 'probe', kind: 'electricity' as const, count: PROBES }],
    }
    return onStage(stageOptions, async (stage) => {
      const cap = capMemory(stage.hub.pid, CAP_MB * 2 ** 20)
      try {
        const [screen] = stage.screens
        if (screen === undefined) throw new Error('no screen')
        const probe = await AlarmProbe.open(stage.hub.mqttPort, stage.devices('probe'), { screen, pauseMs: 100 })
        probe.start()
        let most = 0
        for (let second = 0; second < seconds && stage.hub.running; second++) {
          if (second % 15 === 0)
            options.say(`second ${second} of ${seconds}, ${Math.round(most / 2 ** 20)} MiB at most`)
          for (let tenth = 0; tenth < 10 && stage.hub.running; tenth++) {
            most = Math.max(most, residentBytes(stage.hub.pid))
            await new Promise((resolve) => setTimeout(resolve, 100))
          }
        }
        const survived = stage.hub.running
        const alarms = await probe.stop()
        await until('the hub stands', () => survived, 1)
        const { figures } = await stage.account(probe.sent)
        return {
          size: `${seconds} s at ${describeLoad(stageOptions)}; ${cap.how}`,
          figures: [
            exactly('the hub was ended for its memory', survived ? 0 : 1, '', 0),
            atMost('resident memory at most', most / 2 ** 20, 'MiB', CAP_MB),
            atLeast('alarms of other devices, heard on a screen', alarms.count, '', 1),
            exactly('alarms of other devices that were not', alarms.unheard, '', 0),
            figure('alarm → screen, p50', alarms.p50, 'ms'),
            figure('alarm → screen, p99', alarms.p99, 'ms'),
            ...figures,
          ],
        }
      } finally {
        cap.remove()
      }
    })
  },
}
