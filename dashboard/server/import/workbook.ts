// A workbook as its sheets of plain cells. It is read in a thread that is given bounded memory and time.
import { Worker } from 'node:worker_threads'
import { ApiError } from '../errors.ts'

export type CellText = string | number | null
export interface RawSheet {
  readonly name: string
  readonly rows: readonly (readonly CellText[])[]
}
export type Reading =
  { readonly ok: true; readonly sheets: readonly RawSheet[] } | { readonly ok: false; readonly message: string }

const PATIENCE_MS = 60_000
const MEMORY_MB = 1_024

export async function readWorkbook(file: Uint8Array): Promise<readonly RawSheet[]> {
  const worker = new Worker(new URL('./workbook-worker.ts', import.meta.url), {
    workerData: file,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
  })
  try {
    const reading = await new Promise<Reading>((resolve, reject) => {
      const timer = setTimeout(() => reject(new ApiError('too_large')), PATIENCE_MS)
      worker.once('message', (read: Reading) => (clearTimeout(timer), resolve(read)))
      worker.once('error', (error) => {
        clearTimeout(timer)
        // Out of memory: the file is larger than it looked.
        reject((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY' ? new ApiError('too_large') : error)
      })
    })
    if (!reading.ok) throw new ApiError('invalid', { issues: [] }, reading.message)
    return reading.sheets
  } finally {
    await worker.terminate()
  }
}
