// Journals as fast as it can until it is killed. A line `first last tag` on stdout is an acknowledgement: written only
// after the ledger's promise resolved.
import { createLedger } from '../../records/sqlite-ledger.ts'
import { entryOf } from './entries.ts'

const [directory = '', tag = ''] = process.argv.slice(2)
const ledger = createLedger({ directory, defaultRules: [], hashDeviceToken: (token) => token })
await ledger.start()

/** Batches on their way at once, of different sizes. */
const LINES = 4
async function journalForEver(line: number): Promise<never> {
  for (let round = 0; ; round++) {
    const size = 1 + ((round * 7 + line * 3) % 60)
    const alarm = (i: number) => `${tag}-${line}-${(round + i) % 50}`
    const entries = Array.from({ length: size }, (_, i) => entryOf({ alarmId: alarm(i), deviceId: `${tag}-${round}` }))
    const states = [{ deviceId: `${tag}-${line}`, position: round, state: `${round}` }]
    const { committed } = await ledger.journal.append({ entries, states, checkpoint: null })
    const first = committed[0]?.transition.seq
    process.stdout.write(`${first} ${committed.at(-1)?.transition.seq} ${tag} ${line} ${round}\n`)
  }
}
await Promise.all(Array.from({ length: LINES }, (_, line) => journalForEver(line)))
