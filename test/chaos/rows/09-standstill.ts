// The process stands still for longer than a device may be silent: first its event loop alone, then all of it. What the
// devices said meanwhile waits in the sockets.
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { exactly } from '../../bench/row.ts'
import type { Api } from '../../support/api.ts'
import type { Evidence } from '../evidence.ts'
import { sized } from '../row.ts'
import type { ChaosRow } from '../row.ts'
import { silentAfter } from '../silence.ts'
import { describeLoad, onStage } from '../stage.ts'

/** A device is said to be silent after so long, s: less than either standstill. */
const SILENT_AFTER_S = 1
const LONG_S = 3_600
const BLOCKED_MS = 2_000
const STOPPED_MS = 5_000

export const standstill: ChaosRow = {
  number: 9,
  fault: 'event loop blocked 2 s; SIGSTOP 5 s',
  mustHold: 'no false offline storm',
  async run(options) {
    const rounds = sized(options, { quick: 2, usual: 5 })
    const stageOptions = {
      rate: sized(options, { quick: 1_000, usual: 5_000 }),
      alarmsPerSecond: 100,
      entry: join(import.meta.dirname, '..', 'blocking-hub.ts'),
      environment: { BLOCK_MS: String(BLOCKED_MS) },
      prepare: (api: Api) => silentAfter(api, 'electricity', SILENT_AFTER_S),
    }
    return onStage(stageOptions, async (stage) => {
      for (let round = 0; round < rounds; round++) {
        options.say(`round ${round + 1} of ${rounds}`)
        process.kill(stage.hub.pid, 'SIGUSR2')
        await delay(BLOCKED_MS + 500)
        await stage.flows()
        process.kill(stage.hub.pid, 'SIGSTOP')
        await delay(STOPPED_MS)
        process.kill(stage.hub.pid, 'SIGCONT')
        await stage.flows()
        await delay(3_000)
      }
      // From here on the load ends, and its devices are silent in earnest.
      await silentAfter(stage.api, 'electricity', LONG_S)
      const { figures, evidence } = await stage.account()
      return {
        size: `${rounds} × each, devices silent after ${SILENT_AFTER_S} s, at ${describeLoad(stageOptions)}`,
        figures: [exactly('devices said to be silent', silences(evidence), '', 0), ...figures],
      }
    })
  },
}

const silences = ({ transitions }: Evidence): number =>
  transitions.filter(({ transition: { type, alarm } }) => type === 'raised' && alarm.ruleId === 'device.silent').length
