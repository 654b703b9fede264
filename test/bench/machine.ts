// The machine a figure belongs to: without it a figure says nothing.
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { availableParallelism, cpus, freemem, loadavg, release, tmpdir, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { findMosquitto } from '../load/mosquitto.ts'
import { median } from './percentile.ts'

const SYNCS = 50
const GIB = 2 ** 30

export function describeMachine(): string[] {
  const cores = availableParallelism()
  const [oneMinute = 0] = loadavg()
  return [
    `date     ${new Date().toISOString()}`,
    `CPU      ${cpuModel()}, ${cores} cores`,
    `memory   ${(totalmem() / GIB).toFixed(1)} GiB, ${(freemem() / GIB).toFixed(1)} GiB free`,
    `system   ${type()} ${release()}`,
    `Node     ${process.version}`,
    `disk     ${tmpdir()}: 4 KiB and fdatasync in ${medianSyncMs().toFixed(2)} ms (median of ${SYNCS})`,
    `others   load of the last minute ${oneMinute.toFixed(2)}${oneMinute > cores / 4 ? ', TOO BUSY: the figures say little' : ''}`,
    ...(findMosquitto() === null ? ['beside   no Mosquitto: apt-get install mosquitto'] : []),
  ]
}

/** Virtual machines often give no model to Node; the kernel may still know the vendor. */
function cpuModel(): string {
  const model = cpus()[0]?.model.trim()
  if (model !== undefined && model !== '' && model !== 'unknown') return model
  try {
    const text = readFileSync('/proc/cpuinfo', 'utf8')
    const field = (name: string): string | undefined => new RegExp(`^${name}\\s*: (.+)$`, 'm').exec(text)?.[1]
    return `${field('vendor_id') ?? 'unknown'} family ${field('cpu family') ?? '?'} model ${field('model') ?? '?'}`
  } catch {
    return 'unknown model'
  }
}

/** Durable figures stand and fall with this one. */
function medianSyncMs(): number {
  const folder = mkdtempSync(join(tmpdir(), 'zhian-sync-'))
  const file = openSync(join(folder, 'probe'), 'w')
  const block = Buffer.alloc(4_096, 1)
  const taken: number[] = []
  try {
    for (let i = 0; i < SYNCS; i++) {
      const started = performance.now()
      writeSync(file, block)
      fdatasyncSync(file)
      taken.push(performance.now() - started)
    }
  } finally {
    closeSync(file)
    rmSync(folder, { recursive: true, force: true })
  }
  return median(taken)
}
