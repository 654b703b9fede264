// Copies a database that is in use, in one step and hence of one instant, away from the event loop.
import { backup, DatabaseSync } from 'node:sqlite'
import { workerData } from 'node:worker_threads'

/** Pages a step. One step holds one read transaction, so writers neither wait nor make it start again. */
const ALL_PAGES = 0x7fff_ffff

const { from, to } = workerData as { from: string; to: string }
const source = new DatabaseSync(from, { readOnly: true })
await backup(source, to, { rate: ALL_PAGES })
source.close()

// The copy stands alone: one file, no log beside it.
const copy = new DatabaseSync(to)
copy.exec('pragma journal_mode = delete')
copy.close()
