import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Ballast, withBallast } from '../../hub/ballast.ts'
import { MemoryReadings } from '../support/memory-stores.ts'

/** Small enough for any disk, and larger than any. */
const [SMALL, HUGE] = [100_000, 2 ** 50]

describe('the ballast', () => {
  let directory: string
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'zhian-ballast-'))))
  afterEach(() => rmSync(directory, { recursive: true, force: true }))
  const file = (): string => join(directory, 'ballast')

  it('is laid where there is plenty of room, and not laid again', async () => {
    const ballast = new Ballast(directory, SMALL)
    await ballast.tend()
    expect(statSync(file()).size).toBe(SMALL)
    expect(statSync(file()).blocks * 512).toBeGreaterThanOrEqual(SMALL)
    const { ino } = statSync(file())
    await ballast.tend()
    expect(statSync(file()).ino).toBe(ino)
  })

  it('is kept when a commit fails for another reason than a full disk', async () => {
    const ballast = new Ballast(directory, SMALL)
    await ballast.tend()
    expect(ballast.giveUp()).toBe(false)
    expect(existsSync(file())).toBe(true)
  })

  it('is not laid on a disk without room, and says that it is full', async () => {
    const ballast = new Ballast(directory, HUGE)
    await ballast.tend()
    expect(existsSync(file())).toBe(false)
    expect(ballast.giveUp()).toBe(true)
    await ballast.tend()
    expect(ballast.full).toBe(true)
  })

  it('G1: while the disk is full the store takes nothing, and answers reads as ever', async () => {
    vi.useFakeTimers()
    try {
      const full = { full: false }
      const memory = new MemoryReadings()
      const append = vi.spyOn(memory, 'append')
      const maintain = vi.spyOn(memory, 'maintain')
      const readings = withBallast(memory, full)
      await readings.append([])
      full.full = true
      const refused = expect(readings.append([])).rejects.toThrow('disk is full')
      await vi.runAllTimersAsync()
      await refused
      await readings.maintain(0, { rawDays: 1, minuteDays: 1, hourDays: 1 })
      expect(append).toHaveBeenCalledTimes(1)
      expect(maintain).not.toHaveBeenCalled()
      expect(await readings.start()).toEqual({ position: 0 })
    } finally {
      vi.useRealTimers()
    }
  })
})
