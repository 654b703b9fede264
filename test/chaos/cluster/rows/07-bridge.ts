import { MOSQUITTO_MISSING } from '../../../support/services/mosquitto.ts'
import { NotPossible, sized } from '../../row.ts'
import type { ChaosRow } from '../../row.ts'
import { testsAsRow } from '../../tests-as-row.ts'

export const bridged: ChaosRow = {
  number: 7,
  fault: 'the broker of a bridge (Mosquitto) killed, and the hub that reads it',
  mustHold: 'everything that was delivered to the hub is stored, each once, in the order of its device',
  async run(options) {
    if (MOSQUITTO_MISSING) throw new NotPossible('mosquitto is missing: apt-get install mosquitto')
    const kills = sized(options, { quick: 4, usual: 20 })
    const hubKills = sized(options, { quick: 2, usual: 10 })
    return {
      size: `Mosquitto killed ${kills} times, the hub ${hubKills} times`,
      figures: await testsAsRow({
        files: ['test/chaos/bridge.test.ts'],
        environment: { CHAOS_BRIDGE_KILLS: String(kills), CHAOS_BRIDGE_HUB_KILLS: String(hubKills) },
        say: options.say,
      }),
    }
  },
}
