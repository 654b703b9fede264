// `npm run bench`: the budget of the design, measured. `-- --only intake,latency` measures only these; `-- --quick` tries
// out the bench itself in a minute.
import { parseArgs } from 'node:util'
import { benchConnections } from './connections.ts'
import { benchDemo } from './demo.ts'
import { benchSearch, benchWall } from './finding.ts'
import { benchHistory } from './history.ts'
import { register, withHub } from './hub.ts'
import { benchImport } from './import.ts'
import { benchIntake } from './intake.ts'
import { benchLatency } from './latency.ts'
import { describeMachine } from './machine.ts'
import { benchPage } from './page.ts'
import { benchPhone } from './phone.ts'
import { benchPlaces } from './places.ts'
import { benchReadingStores } from './reading-stores.ts'
import { benchScopes } from './scopes.ts'
import { benchScreens } from './screens.ts'
import { notMeasured } from './row.ts'
import type { BenchRow, Measurement } from './row.ts'
import { benchStartup } from './startup.ts'
import { benchStorm } from './storm.ts'
import { formatRows, formatSummary } from './table.ts'

const IDLE_CONNECTIONS = 18_000

const MEASUREMENTS: Readonly<Record<string, { readonly heading: string; readonly measure: Measurement }>> = {
  intake: { heading: 'Intake: QoS 1, 8 values a message, live timestamps', measure: benchIntake },
  latency: { heading: 'Device → browser, with a county in the background', measure: benchLatency },
  screens: { heading: '500 screens on the live feed', measure: benchScreens },
  scopes: { heading: '500 screens of 133 scopes', measure: benchScopes },
  storm: { heading: '10,000 alarms in a second', measure: benchStorm },
  history: { heading: 'History', measure: benchHistory },
  stores: { heading: 'Reading stores beside each other', measure: benchReadingStores },
  search: { heading: 'Search: 2,000 sites, 10,000 devices, 6,000 rooms', measure: benchSearch },
  wall: { heading: 'Command wall: 2,000 open alarms, 100,000 behind them', measure: benchWall },
  connections: {
    heading: 'Idle connections, each of a device of its own',
    measure: ({ quick }) =>
      withHub(async (hub, api) => {
        const wanted = quick ? 500 : IDLE_CONNECTIONS
        const credentials = await register(api, 'idle', 'electricity', wanted)
        // Measured is a hub that knows its devices, not one that has just parsed a file of them.
        await hub.terminate()
        await hub.restart()
        return benchConnections(hub.mqttPort, credentials, { pid: hub.pid, wanted })
      }),
  },
  places: { heading: 'The register: 2,000 sites, 10,000 devices', measure: benchPlaces },
  import: { heading: 'A county from a workbook: 2,000 sites, 6,000 rooms', measure: benchImport },
  startup: { heading: 'Start', measure: benchStartup },
  page: { heading: 'Duty page, cold cache', measure: benchPage },
  phone: { heading: 'The manager’s telephone, cold cache', measure: benchPhone },
  demo: { heading: 'Demonstration, from a fresh clone', measure: benchDemo },
}

const names = Object.keys(MEASUREMENTS)
const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
})
const wanted = options.only?.split(',') ?? names
const unknown = wanted.filter((name) => !names.includes(name))
if (options.help === true || unknown.length > 0) {
  for (const name of unknown) process.stderr.write(`no such measurement: ${name}\n`)
  process.stderr.write(`npm run bench -- [--only ${names.join(',')}] [--quick]\n`)
  process.exit(unknown.length > 0 ? 2 : 0)
}

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** An error is a row: the other measurements still have something to say. */
async function measured(name: string, measure: Measurement): Promise<BenchRow[]> {
  try {
    return await measure({ quick: options.quick })
  } catch (error) {
    const [reason = 'unknown'] = (error instanceof Error ? error.message : String(error)).split('\n')
    return [notMeasured(name, reason)]
  }
}

say(['Zhi’an 智安 bench', '', ...describeMachine(), ''].join('\n'))
if (options.quick) say('--quick: a trial of the bench itself; the figures mean nothing.\n')
const all: BenchRow[] = []
for (const name of wanted) {
  const { heading, measure } = MEASUREMENTS[name] as (typeof MEASUREMENTS)[string]
  const started = performance.now()
  process.stderr.write(`measuring ${name} …\n`)
  const rows = await measured(name, measure)
  all.push(...rows)
  say(formatRows(`${heading}  (${Math.round((performance.now() - started) / 1_000)} s)`, rows))
}
say(formatSummary(all))
process.exit(all.some(({ value }) => value === null) ? 1 : 0)
