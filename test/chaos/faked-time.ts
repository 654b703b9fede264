// The wall clock of one process set to another time while it runs (libfaketime); its monotonic clock goes on.
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { NotPossible } from './row.ts'

const LIBRARIES = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
]
/** The library looks at its file so often. */
const LOOKS_EVERY_S = 1

export interface FakedTime {
  readonly environment: Readonly<Record<string, string>>
  /** The process's wall clock from now on is so many seconds away from the real one; resolves when it is. */
  set(offsetSeconds: number): Promise<void>
  dispose(): void
}

export function createFakedTime(): FakedTime {
  const library = LIBRARIES.find((path) => existsSync(path))
  if (library === undefined) throw new NotPossible('libfaketime is missing: apt-get install faketime')
  const folder = mkdtempSync(join(tmpdir(), 'zhian-time-'))
  const file = join(folder, 'offset')
  const write = (offset: number): void => {
    writeFileSync(`${file}.new`, `${offset < 0 ? '' : '+'}${offset}\n`)
    renameSync(`${file}.new`, file)
  }
  write(0)
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: String(LOOKS_EVERY_S),
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    },
    async set(offsetSeconds) {
      write(offsetSeconds)
      await delay((LOOKS_EVERY_S + 0.5) * 1_000)
    },
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  }
}
