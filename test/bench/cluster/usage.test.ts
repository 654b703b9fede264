import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { cpuSecondsOfTree } from './usage.ts'

const BUSY = 'const until = process.cpuUsage().user + 150_000; while (process.cpuUsage().user < until);'

describe.skipIf(process.platform !== 'linux')('CPU of a process and its children', () => {
  it('counts children that have ended, and nobody else’s', async () => {
    // A shell that waits for one busy child after the other, as PostgreSQL does for its connections.
    const child = spawn('sh', ['-c', `"$0" -e "$1"; "$0" -e "$1"; echo done; cat`, process.execPath, BUSY], {
      stdio: 'pipe',
    })
    try {
      await once(child.stdout, 'data')
      expect(cpuSecondsOfTree(child.pid as number)).toBeGreaterThanOrEqual(0.3)
      // What others use is not its own.
      const before = cpuSecondsOfTree(process.pid)
      const idle = cpuSecondsOfTree(child.pid as number)
      const busy = spawnSync(process.execPath, ['-e', BUSY])
      expect(busy.status).toBe(0)
      expect(cpuSecondsOfTree(process.pid)).toBeGreaterThanOrEqual(before + 0.15)
      expect(cpuSecondsOfTree(child.pid as number)).toBeLessThan(idle + 0.15)
    } finally {
      child.stdin.end()
      await once(child, 'exit')
    }
  })

  it('says nought of a process that is gone', () => {
    expect(cpuSecondsOfTree(2 ** 22 + 1)).toBe(0)
  })
})
