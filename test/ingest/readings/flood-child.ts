// A process that stores readings as fast as it may until it is killed, and tells each acknowledged position on stdout.
//
//   node flood-child.ts <directory> <first position> [seal | log | hold]
//
// seal: seals over and over beside the commits. log: tells the size of the write-ahead log with each position. hold: only
// keeps the store open.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { createDuckdbStore } from '../../../ingest/readings/duckdb-store.ts'
import { tell } from '../../support/tell.ts'

const [directory = '', first = '1', mode = ''] = process.argv.slice(2)
const kinds = { electricity: ['residual_current', 'voltage_a', 'energy'], gas: ['lel'] }
const START = Date.UTC(2026, 9, 31, 16)
const DAY = 86_400_000
/** Batches on their way at once. */
const WINDOW = 64

const store = createDuckdbStore({ directory, kinds, sealRows: mode === 'seal' ? 1 : 2_000_000 })
await store.start()
tell('open')
if (mode === 'hold') await new Promise(() => setInterval(() => undefined, 1000))

let position = Number(first) - 1
async function flood(): Promise<void> {
  for (;;) {
    const batch = Array.from({ length: 20 }, () => {
      position += 1
      const ts = START + (position % 3) * DAY + position
      const kind = position % 7 === 0 ? 'gas' : 'electricity'
      const values = kind === 'gas' ? { lel: position } : { residual_current: position }
      const deviceId = `${kind}-${position % 500}`
      return {
        type: 'reading' as const,
        position,
        deviceId,
        kind,
        ts,
        receivedAt: ts,
        quality: 'device' as const,
        values,
      }
    })
    const last = position
    await store.append(batch)
    tell(mode === 'log' ? `${last} ${statSync(join(directory, 'readings.duckdb.wal')).size}` : `${last}`)
  }
}

async function seal(): Promise<void> {
  for (;;) {
    tell('sealing')
    await store.maintain(START + 4 * DAY, { rawDays: 90, minuteDays: 365, hourDays: 1825 })
    tell('sealed')
  }
}

await Promise.all([...Array.from({ length: WINDOW }, flood), ...(mode === 'seal' ? [seal()] : [])])
