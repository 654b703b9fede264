import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { directory, openStore, reading, stored, storeIn } from './county.ts'
import { startFlood } from './flood.ts'

describe('when a write fails', () => {
  it('G1: at a full disk appends are rejected and nothing acknowledged is lost', async () => {
    const path = await directory()
    // A file size limit stands for the full disk: the write fails in the same place with another code.
    const limit = ['sh', '-c', `trap '' XFSZ; ulimit -f 4096; exec "$0" "$@"`]
    const flood = startFlood(path, 1, '', limit)
    await expect(flood.until((line) => Number.parseInt(line, 10) > 10_000_000)).rejects.toThrow(
      /写入失败.*A commit failed/s,
    )
    expect(flood.acknowledged()).toBeGreaterThan(0)
    const store = storeIn(path)
    const { position } = await store.start()
    expect(position).toBeGreaterThanOrEqual(flood.acknowledged())
    expect((await stored(store)).map((input) => input.position)).toEqual(
      Array.from({ length: position }, (_, i) => i + 1),
    )
  })

  it.runIf(process.platform === 'linux')('recovers in the same process when it is started again', async () => {
    const path = await directory()
    const store = storeIn(path)
    await store.start()
    await store.append([reading(1)])
    const setLimit = (bytes: string): unknown =>
      execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}`])
    const ignored = (): void => undefined
    process.on('SIGXFSZ', ignored)
    try {
      setLimit('1000:unlimited')
      const appends = [2, 3, 4].map((position) => store.append([reading(position)]))
      for (const result of await Promise.allSettled(appends)) expect(result.status).toBe('rejected')
      await expect(store.append([reading(5)])).rejects.toThrow(/写入失败/)
      await expect(store.latest('meter-1', 'electricity')).rejects.toThrow(/写入失败/)
    } finally {
      setLimit('unlimited:unlimited')
      process.off('SIGXFSZ', ignored)
    }
    const { position } = await store.start()
    expect(position).toBeGreaterThanOrEqual(1)
    await store.append([reading(10)])
    await store.stop()
    await store.start()
    const positions = (await stored(store)).map((input) => input.position)
    expect(positions.at(0)).toBe(1)
    expect(positions.at(-1)).toBe(10)
  })

  it('rejects the failed batch and all after it, in order, and takes nothing until started again', async () => {
    let commits = 0
    const path = await directory()
    const store = storeIn(path, {
      faultPoint: (name) => {
        if (name === 'readings.after_commit' && ++commits === 2) throw new Error('cut here')
      },
    })
    await store.start()
    await store.append([reading(1)])
    const outcomes: string[] = []
    const appends = [2, 3, 4].map((position) =>
      store.append([reading(position)]).then(
        () => outcomes.push(`${position} stored`),
        (error: Error) => outcomes.push(`${position} ${error.message}`),
      ),
    )
    await Promise.all(appends)
    expect(outcomes).toEqual(['2 cut here', '3 cut here', '4 cut here'])
    expect(store.backlog).toBe(0)
    await expect(store.append([reading(5)])).rejects.toThrow('cut here')
    // The commit itself had reached the disk: the restart says so, and nothing is stored that was not appended.
    const { position } = await store.start()
    expect(position).toBeGreaterThanOrEqual(2)
    await store.append([reading(position + 1)])
    expect((await stored(store)).map((input) => input.position)).toEqual(
      Array.from({ length: position + 1 }, (_, i) => i + 1),
    )
  })

  it('G1: asked again while nothing has failed, it says what is stored and goes on', async () => {
    const store = await openStore()
    await store.append([reading(1), reading(2)])
    const under = store.append([reading(3)])
    expect(await store.start()).toEqual({ position: 3 })
    await under
    await store.append([reading(4)])
    expect(await store.start()).toEqual({ position: 4 })
    expect((await stored(store)).map((input) => input.position)).toEqual([1, 2, 3, 4])
  })

  it('a fault before the append fails that batch alone', async () => {
    let broken = false
    const store = await openStore({
      faultPoint: (name) => {
        if (broken && name === 'readings.before_append') throw new Error('before')
      },
    })
    await store.append([reading(1)])
    broken = true
    await expect(store.append([reading(2)])).rejects.toThrow('before')
    broken = false
    await store.append([reading(3)])
    expect((await stored(store)).map((input) => input.position)).toEqual([1, 3])
  })
})
