// A limit on a process's memory, by a control group where the machine lets one make one.
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = '/sys/fs/cgroup'

export interface MemoryCap {
  readonly how: string
  /** After the process has ended. */
  remove(): void
}

/** Falls back to none, and says so: then the figure is what the process took of its own accord. */
export function capMemory(pid: number, bytes: number): MemoryCap {
  const isV2 = existsSync(join(ROOT, 'cgroup.controllers'))
  const group = join(isV2 ? ROOT : join(ROOT, 'memory'), `zhian-chaos-${process.pid}`)
  const limits: readonly (readonly [file: string, value: string])[] = isV2
    ? [
        ['memory.max', String(bytes)],
        ['memory.swap.max', '0'],
      ]
    : [['memory.limit_in_bytes', String(bytes)]]
  try {
    mkdirSync(group)
    for (const [file, value] of limits) writeFileSync(join(group, file), value)
    writeFileSync(join(group, 'cgroup.procs'), String(pid))
  } catch (error) {
    removeQuietly(group)
    return { how: `no cap (${(error as Error).message}): measured only`, remove: () => undefined }
  }
  return {
    how: `what it takes from then on capped by a control group (v${isV2 ? 2 : 1})`,
    remove: () => removeQuietly(group),
  }
}

function removeQuietly(group: string): void {
  try {
    rmdirSync(group)
  } catch {
    // Never made, or still in use by a process that is about to end: the system drops it with the machine.
  }
}
