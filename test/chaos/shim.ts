// The disk shim (shim/disk.c) from the test's side: compiled once, switched by a few words of shared memory.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readSync, renameSync, rmSync } from 'node:fs'
import { writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NotPossible, requireProgram } from './row.ts'

const SOURCE = join(import.meta.dirname, 'shim', 'disk.c')
/** Words of the control file, as in the source. */
const WORDS = { failAt: 0, errorNumber: 1, count: 2, fired: 3, syncDelayMs: 4 } as const
const WORD_COUNT = 8

/** Linux error numbers. */
export const ERROR_NUMBERS = { EIO: 5, ENOSPC: 28 } as const

export interface DiskShim {
  /** Below this folder the shim watches. */
  readonly root: string
  /** Everything the process did to its files, if asked for. */
  readonly log: string
  /** To start the process with. */
  readonly environment: Readonly<Record<string, string>>
  /** Fails the n-th operation from now on; 0: none. */
  failAt(nth: number, error: keyof typeof ERROR_NUMBERS): void
  /** Failures so far, in all. */
  readonly fired: number
  slowSyncs(ms: number): void
  /** What was logged so far is dealt with. */
  clearLog(): void
  dispose(): void
}

/** `logging`: keep what a power cut needs. */
export function createDiskShim({ logging = false } = {}): DiskShim {
  const library = compiled()
  const folder = mkdtempSync(join(tmpdir(), 'zhian-shim-'))
  const root = mkdtempSync(join(tmpdir(), 'zhian-shimmed-'))
  const [control, log] = [join(folder, 'control'), join(folder, 'log')]
  writeFileSync(control, Buffer.alloc(WORD_COUNT * 4))
  const file = openSync(control, 'r+')
  const set = (word: keyof typeof WORDS, value: number): void => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(value)
    writeSync(file, bytes, 0, 4, WORDS[word] * 4)
  }
  const get = (word: keyof typeof WORDS): number => {
    const bytes = Buffer.alloc(4)
    readSync(file, bytes, 0, 4, WORDS[word] * 4)
    return bytes.readUInt32LE()
  }
  return {
    root,
    log,
    environment: {
      LD_PRELOAD: library,
      DISK_SHIM_ROOT: root,
      DISK_SHIM_CONTROL: control,
      ...(logging ? { DISK_SHIM_LOG: log } : {}),
    },
    failAt(nth, error) {
      // Off, counter to nought, on: nothing fails in between.
      set('failAt', 0)
      set('errorNumber', ERROR_NUMBERS[error])
      set('count', 0)
      set('failAt', nth)
    },
    get fired() {
      return get('fired')
    },
    slowSyncs: (ms) => set('syncDelayMs', ms),
    clearLog: () => rmSync(log, { force: true }),
    dispose() {
      closeSync(file)
      for (const path of [folder, root]) rmSync(path, { recursive: true, force: true })
    },
  }
}

function compiled(): string {
  if (process.platform !== 'linux') throw new NotPossible('LD_PRELOAD is for Linux')
  requireProgram('gcc', 'gcc libc6-dev')
  const digest = createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 16)
  const library = join(tmpdir(), `zhian-disk-shim-${digest}.so`)
  if (!existsSync(library)) {
    const draft = `${library}.${process.pid}`
    execFileSync('gcc', ['-O2', '-shared', '-fPIC', '-o', draft, SOURCE, '-ldl', '-lpthread'])
    renameSync(draft, library)
  }
  return library
}
