// The hub's wall clock is set while it runs, and devices have clocks of their own ideas. What comes in is counted, not
// matched by its time: a time that nobody can believe is replaced by that of the receipt.
import { connectAsync } from 'mqtt'
import { upTopic } from '../../../contract/topics.ts'
import { exactly, figure } from '../../bench/row.ts'
import type { BenchRow } from '../../bench/row.ts'
import type { Evidence } from '../evidence.ts'
import { createFakedTime } from '../faked-time.ts'
import { sized } from '../row.ts'
import type { ChaosRow } from '../row.ts'
import { describeLoad, onStage } from '../stage.ts'
import type { Stage } from '../stage.ts'
import type { LoadResult } from '../../load/publisher.ts'

const HOUR_S = 3_600
/** Of the hub, s. Back to the real time in between, which is one more step. */
const STEPS: readonly (readonly [name: string, seconds: number])[] = [
  ['+1 h', HOUR_S],
  ['−2 h', -2 * HOUR_S],
  ['+1 day', 24 * HOUR_S],
  ['2038', Math.round((Date.UTC(2038, 0, 20) - Date.now()) / 1_000)],
]
const LAST = STEPS.at(-1)?.[1]
/** Clocks of devices: what each shows now, ms. */
const ODD: readonly (readonly [name: string, at: (now: number) => number])[] = [
  ['1970', () => 1_000],
  ['2099', () => Date.UTC(2099, 0, 1)],
  ['+5 min', (now) => now + 5 * 60_000],
  ['−5 min', (now) => now - 5 * 60_000],
]
const ODD_READINGS = 50
const ALARMS_A_STEP = 3
/** The hub throws away what is too old once a minute: in the last step it has the chance. */
const OVER_A_MINUTE_S = 65
const MINUTE_MS = 60_000

export const clock: ChaosRow = {
  number: 16,
  fault: 'clock +1 h, −2 h, +1 day, 2038; device clocks 1970, 2099, ±5 min',
  mustHold: 'durations by monotonic clock; 0 lost or false',
  async run(options) {
    const seconds = sized(options, { quick: 2, usual: 8 })
    const lastSeconds = sized(options, { quick: seconds, usual: OVER_A_MINUTE_S })
    const time = createFakedTime()
    const stageOptions = {
      rate: sized(options, { quick: 500, usual: 2_000 }),
      alarmsPerSecond: 50,
      detectors: STEPS.length * 2 * ALARMS_A_STEP,
      others: [{ prefix: 'odd', kind: 'electricity' as const, count: ODD.length }],
      environment: time.environment,
      // Their sessions end by the hub's clock, as they should; what they see is row 19.
      screens: 0,
    }
    try {
      return await onStage(stageOptions, async (stage) => {
        for (const [name, offset] of STEPS)
          for (const to of [offset, 0]) {
            options.say(to === 0 ? 'back to the real time' : name)
            await time.set(to)
            for (let n = 0; n < ALARMS_A_STEP; n++) stage.alarm()
            await stage.flows(stageOptions.rate * (offset === LAST && to === LAST ? lastSeconds : seconds))
          }
        await oddClocks(stage)
        const { load, evidence } = await stage.account()
        return {
          size: `each step and back for ${seconds} s, 2038 for ${lastSeconds} s, at ${describeLoad(stageOptions)}`,
          figures: [...counted(stage, load, evidence), ...oddFigures(evidence)],
        }
      })
    } finally {
      time.dispose()
    }
  },
}

/** Each sends its readings a minute apart by its own clock, within a second by everybody else's. */
async function oddClocks(stage: Stage): Promise<void> {
  await Promise.all(
    stage.devices('odd').map(async ({ username, password }, index) => {
      const [, clockAt] = ODD[index] as (typeof ODD)[number]
      const client = await connectAsync(`mqtt://127.0.0.1:${stage.hub.mqttPort}`, { username, password })
      for (let n = 0; n < ODD_READINGS; n++) {
        const body = { ts: clockAt(Date.now()) - n, values: { temperature_a: 31 } }
        await client.publishAsync(upTopic(username, 'readings'), JSON.stringify(body), { qos: 1 })
      }
      await client.endAsync()
    }),
  )
}

const total = (times: ReadonlyMap<number, number> | undefined): number =>
  [...(times?.values() ?? [])].reduce((sum, count) => sum + count, 0)

function counted(stage: Stage, load: LoadResult, { readings, events, transitions }: Evidence): BenchRow[] {
  let lost = 0
  for (const { username, topic, acknowledged } of load.oracle) {
    const stored = (topic.endsWith('/events') ? events : readings).get(username)
    lost += Math.max(0, acknowledged.count - total(stored))
  }
  const raised = transitions.filter(({ transition: { type, alarm } }) => type === 'raised' && alarm.kind !== 'hub')
  const of = (ruleId: string): number => raised.filter(({ transition }) => transition.alarm.ruleId === ruleId).length
  const talked = load.oracle
    .filter(({ topic }) => topic.endsWith('/events'))
    .reduce((sum, { acknowledged, unacknowledged }) => sum + acknowledged.count + unacknowledged.length, 0)
  const known = new Set(['gas.gas_lel', 'device.setting_changed', 'device.clock'])
  const byRule = Map.groupBy(raised, ({ transition }) => transition.alarm.ruleId)
  const strangers = [...byRule.keys()].filter((ruleId) => !known.has(ruleId))
  return [
    figure('messages acknowledged', load.acknowledged, ''),
    exactly('acknowledged messages lost', lost, '', 0),
    exactly('gas alarms raised, each once', of('gas.gas_lel'), '', stage.gas.length),
    exactly('alarms by event, of as many sent', of('device.setting_changed'), '', talked),
    exactly(`false alarms${strangers.length > 0 ? ` (${strangers.join(', ')})` : ''}`, strangers.length, '', 0),
    // The hub cannot know which of the two is wrong, and they do differ: one a device, and no more.
    figure('devices said to have another clock than the hub', of('device.clock'), ''),
  ]
}

function oddFigures({ readings }: Evidence): BenchRow[] {
  const stored = ODD.map(([name], index) => ({ name, times: readings.get(`odd-${index}`) }))
  const now = Date.now()
  const believable = (ts: number): boolean => ts > now - 20 * MINUTE_MS && ts < now + 6 * MINUTE_MS
  return [
    ...stored.map(({ name, times }) =>
      exactly(`readings of the device whose clock shows ${name}`, total(times), '', ODD_READINGS),
    ),
    exactly(
      'of these stored at a time that cannot be',
      stored.flatMap(({ times }) => [...(times?.keys() ?? [])]).filter((ts) => !believable(ts)).length,
      '',
      0,
    ),
  ]
}
