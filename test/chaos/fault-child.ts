// The path from a PUBLISH to its PUBACK in a process of its own, over the real ledger and the real reading store, that ends
// itself with SIGKILL at a named point. Without sockets, so that hundreds of deaths are affordable.
//
//   node fault-child.ts <directory> <first message> <point> <pass>
//
// Feeds the messages of `fault-script.ts` from the first one that was not acknowledged, as devices that send again would,
// and tells on stdout, synchronously: `ack <message>`, `told <seq> <alarm> <type>`, `head <seq>` when it has restored.
// Dies at the `pass`-th time that it comes by the point after the first message was taken; with pass 0 at the first time at
// all, which may be while it decides again what the last death left undecided. The point `none` is never met: then it
// stops cleanly after some messages.
import { join } from 'node:path'
import { systemClock } from '../../hub/clock.ts'
import { placementOf, profileOf } from '../../hub/registry.ts'
import { CurrentRules, DEFAULT_RULES, METRIC_COLUMNS } from '../../hub/rules.ts'
import { Devices } from '../../ingest/devices.ts'
import { Pipeline } from '../../ingest/pipeline.ts'
import { createDuckdbStore } from '../../ingest/readings/duckdb-store.ts'
import { createLedger } from '../../records/sqlite-ledger.ts'
import { DEVICES, messageOf } from './fault-script.ts'
import { tell } from '../support/tell.ts'

/** Messages under way at once: two share a batch now and then, as devices do. */
const WINDOW = 4
/** Messages of a run that is not killed. */
const CLEAN_RUN = 20

const [directory = '', first = '1', point = 'none', pass = '1'] = process.argv.slice(2)

let taken = pass === '0'
let passes = 0
function faultPoint(passed: string): void {
  if (passed === 'pipeline.accepted') taken = true
  if (!taken || passed !== point || ++passes < Number(pass)) return
  process.kill(process.pid, 'SIGKILL')
}

const ledger = createLedger({ directory, defaultRules: DEFAULT_RULES, hashDeviceToken: (token) => token })
await ledger.start()
const readings = createDuckdbStore({ directory: join(directory, 'readings'), kinds: METRIC_COLUMNS })
const { position } = await readings.start()
const clock = systemClock()
const rules = new CurrentRules(ledger.rules)
await rules.reload()
if (first === '1' && (await ledger.devices.identity(DEVICES[0]?.id ?? '')) === null) {
  const actor = { userId: 'test', name: 'test', address: 'console' }
  await ledger.devices.import(
    actor,
    DEVICES.map((device, index) => ({ ...device, name: device.id, line: index + 2 })),
  )
}
const devices = new Devices((kind) => rules.of(kind))
for await (const identity of ledger.devices.identities())
  devices.put(profileOf(identity), placementOf(identity), clock.now())
const ignore = (): void => undefined
const pipeline = new Pipeline({
  clock,
  devices,
  readings,
  journal: ledger.journal,
  listener: {
    transitions: (committed) => {
      for (const { transition } of committed) tell(`told ${transition.seq} ${transition.alarm.id} ${transition.type}`)
    },
    stored: ignore,
    presence: ignore,
    rejected: ignore,
    inService: (id) => void ledger.devices.heard([id]).catch(ignore),
    storing: (problem) => problem !== null && tell(`problem ${problem}`),
  },
  faultPoint,
})
await pipeline.start(position)
// What a screen reads when it resumes: everything up to here is on record, told or not.
tell(`head ${await ledger.journal.head()}`)

let next = Number(first)
const last = point === 'none' ? next + CLEAN_RUN - 1 : Infinity
async function feed(): Promise<void> {
  while (next <= last) {
    const number = next++
    await new Promise<void>((resolve) =>
      pipeline.accept({ ...messageOf(number), qos: 1, receivedAt: clock.wall(), will: false }, (error) => {
        if (error === undefined) tell(`ack ${number}`)
        else tell(`refused ${number} ${error.message}`)
        resolve()
      }),
    )
  }
}
await Promise.all(Array.from({ length: WINDOW }, feed))
await pipeline.stop()
await readings.stop()
await ledger.stop()
