import { atMost, exactly, figure } from '../../bench/row.ts'
import { AlarmProbe } from '../alarm-probe.ts'
import { startClients } from '../clients.ts'
import { sized } from '../row.ts'
import type { ChaosRow } from '../row.ts'
import { describeLoad, onStage } from '../stage.ts'

const PROBES = 8
const BACK_MS = 60_000

export const returning: ChaosRow = {
  number: 15,
  fault: '10,000 clients drop and return at once',
  mustHold: 'all back ≤ 60 s, others’ alarm p99 ≤ 500 ms',
  async run(options) {
    const count = sized(options, { quick: 1_000, usual: 10_000 })
    const rounds = sized(options, { quick: 1, usual: 3 })
    const stageOptions = {
      rate: 500,
      alarmsPerSecond: 20,
      others: [
        { prefix: 'client', kind: 'smoke' as const, count },
        { prefix: 'probe', kind: 'electricity' as const, count: PROBES },
      ],
    }
    return onStage(stageOptions, async (stage) => {
      const [screen] = stage.screens
      if (screen === undefined) throw new Error('no screen')
      options.say('the clients connect')
      const clients = await startClients(stage.hub.mqttPort, stage.devices('client'))
      const probe = await AlarmProbe.open(stage.hub.mqttPort, stage.devices('probe'), { screen, pauseMs: 50 })
      try {
        const first = await clients.allOpen(2 * BACK_MS)
        probe.start()
        const back: number[] = []
        for (let round = 0; round < rounds; round++) {
          options.say(`they drop, ${round + 1} of ${rounds}`)
          await clients.drop()
          back.push(await clients.allOpen(2 * BACK_MS))
        }
        const alarms = await probe.stop()
        const { refused } = await clients.count()
        await clients.end()
        const { figures } = await stage.account(probe.sent)
        return {
          size: `${count} clients, ${rounds} times, at ${describeLoad(stageOptions)}`,
          figures: [
            figure('all connected for the first time', first, 'ms'),
            atMost('all back, slowest', Math.max(...back), 'ms', BACK_MS),
            exactly('logins refused', refused, '', 0),
            figure('others’ alarms meanwhile', alarms.count, ''),
            figure('others’ alarm → screen, p50', alarms.p50, 'ms'),
            atMost('others’ alarm → screen, p99', alarms.p99, 'ms', 500),
            exactly('others’ alarms unheard', alarms.unheard, '', 0),
            ...figures,
          ],
        }
      } finally {
        await clients.end()
      }
    })
  },
}
