import { MISFITS } from '../../../simulators/malformed.ts'
import { upTopic } from '../../../contract/topics.ts'
import { register, withHub } from '../../bench/hub.ts'
import { exactly, figure } from '../../bench/row.ts'
import type { BenchRow } from '../../bench/row.ts'
import { runLoad } from '../../load/publisher.ts'
import type { Counters } from '../../../contract/http/alarms.ts'
import { sized } from '../row.ts'
import type { ChaosRow } from '../row.ts'
import { testsAsRow } from '../tests-as-row.ts'

const SOUND = JSON.stringify({ ts: 0, values: { temperature_a: 31.5 } })
/** A batch of 501 samples is three thousand times the work of the others: it is one of the ordinary tests. */
const LARGE: readonly string[] = ['batch']

export const malformed: ChaosRow = {
  number: 21,
  fault: 'malformed packets and payloads',
  mustHold: '0 deaths, prototype clean, valid traffic unharmed',
  async run(options) {
    const judged = sized(options, { quick: 200_000, usual: 5_000_000, long: 10_000_000 })
    const sent = sized(options, { quick: 200_000, usual: 1_000_000, long: 10_000_000 })
    const payloads = sized(options, { quick: 20_000, usual: 500_000, long: 5_000_000 })
    return {
      size: `packets: ${judged} judged in the parser, ${sent} over the wire; payloads: ${payloads} into the hub`,
      figures: [
        ...(await testsAsRow({
          files: ['test/broker/guard.test.ts'],
          environment: { CHAOS_JUDGED: String(judged), CHAOS_SENT: String(sent) },
          say: options.say,
        })),
        ...(await malformedPayloads(payloads)),
      ],
    }
  },
}

/** Each way of being wrong on a device of its own, beside devices that say sound things. */
function malformedPayloads(count: number): Promise<BenchRow[]> {
  // What the load generator sends is text.
  const misfits = Object.entries(MISFITS).flatMap(([name, { make }]) => {
    const made = LARGE.includes(name) ? null : make(SOUND)
    return typeof made === 'string' ? [made] : []
  })
  return withHub(async (hub, api) => {
    const wrong = await register(api, 'wrong', 'electricity', misfits.length)
    const sound = await register(api, 'sound', 'electricity', misfits.length)
    const credentials = [...wrong, ...sound]
    const payloadOf = new Map(wrong.map(({ username }, index) => [username, misfits[index] as string]))
    const plan = { port: hub.mqttPort, topic: (username: string) => upTopic(username, 'readings') }
    const load = await runLoad({
      ...plan,
      credentials,
      messagesPerConnection: Math.ceil(count / misfits.length),
      // The sound ones send what the generator sends by default.
      payload: (username) => payloadOf.get(username) ?? SOUND_TEMPLATE,
    })
    const { received, stored, rejected } = await api.ok<Counters>('GET', '/counters')
    return [
      figure('malformed payloads, each acknowledged', load.acknowledged / 2, ''),
      exactly(
        'messages not acknowledged',
        credentials.length * Math.ceil(count / misfits.length) - load.acknowledged,
        '',
        0,
      ),
      exactly('data points unaccounted for', received - stored - rejected, '', 0),
      exactly('values of sound devices not stored', load.acknowledged / 2 - stored, '', 0),
      exactly('the hub ended', hub.running ? 0 : 1, '', 0),
    ]
  })
}

const SOUND_TEMPLATE = '{"ts":@@@@@@@@@@@@@,"values":{"temperature_a":3#.#}}'
