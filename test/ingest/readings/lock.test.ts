import { Worker } from 'node:worker_threads'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { lockDirectory } from '../../../ingest/readings/lock.ts'
import { directory, reading, stored, storeIn } from './county.ts'
import { startFlood } from './flood.ts'

describe('the lock of the store', () => {
  it('refuses a second opening in the same thread, and the first goes on', async () => {
    const path = await directory()
    const first = storeIn(path)
    await first.start()
    await expect(storeIn(path).start()).rejects.toThrow(/已被本进程.*already open in this process/s)
    await first.append([reading(1)])
    expect(await stored(first)).toHaveLength(1)
  })

  it('refuses a second opening in another thread of the process, and nothing is lost', async () => {
    const path = await directory()
    const first = storeIn(path)
    await first.start()
    await first.append([reading(1)])
    const module = new URL('../../../ingest/readings/duckdb-store.ts', import.meta.url).href
    const script = `
      const { createDuckdbStore } = await import(${JSON.stringify(module)})
      const { parentPort, workerData } = await import('node:worker_threads')
      const store = createDuckdbStore({ directory: workerData, kinds: { electricity: ['residual_current'] } })
      await store.start().then(() => parentPort.postMessage('opened'), (error) => parentPort.postMessage(error.message))`
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), { workerData: path })
    const said = await new Promise<unknown>((resolve, reject) => worker.once('message', resolve).once('error', reject))
    await worker.terminate()
    expect(said).toMatch(/已被本进程.*already open in this process/s)
    await first.append([reading(2)])
    await first.stop()
    const again = storeIn(path)
    expect(await again.start()).toEqual({ position: 2 })
  })

  it('refuses a second opening in another process by name, and takes the lock over when that was killed', async () => {
    const path = await directory()
    const other = startFlood(path, 1, 'hold')
    await other.until((line) => line === 'open')
    const store = storeIn(path)
    await expect(store.start()).rejects.toThrow(
      new RegExp(`正被另一个进程（${other.child.pid}）.*in use by another process`, 's'),
    )
    await other.kill()
    expect(existsSync(join(path, 'store.lock'))).toBe(true)
    expect(await store.start()).toEqual({ position: 0 })
  })

  it('takes over a lock of a process that has gone, of a pid that was given again, and one that is no lock', async () => {
    const path = await directory()
    const holders = [
      { token: 'x', pid: 2 ** 30, startedAt: 'long ago', thread: 0 },
      { token: 'y', pid: process.pid, startedAt: 'another boot/1', thread: 0 },
      { pid: process.pid },
    ]
    for (const holder of holders) {
      writeFileSync(join(path, 'store.lock'), JSON.stringify(holder))
      lockDirectory(path)()
      expect(readdirSync(path)).toEqual([])
    }
  })

  it('is given back by stop', async () => {
    const path = await directory()
    const unlock = lockDirectory(path)
    expect(() => lockDirectory(path)).toThrow(/cannot be opened twice/)
    unlock()
    lockDirectory(path)()
  })
})
