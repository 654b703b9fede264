import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DiskOutlook } from '../../hub/disk-outlook.ts'
import { newestBackup } from '../../records/backups.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const T0 = Date.UTC(2026, 10, 1)

/** A disk that loses `perDay` bytes, looked at every minute as the schedule does. */
function watch(outlook: DiskOutlook, days: number, perDay: number, from = T0): string | null {
  let kept: string | null = null
  for (let at = from; at <= from + days * DAY; at += 60_000)
    kept = outlook.note(at, 100e9 - ((at - T0) / DAY) * perDay, 500e9) ?? kept
  return kept
}

describe('the outlook of the disk', () => {
  it('says nothing before the first look, and no days before a whole day was watched', () => {
    const outlook = new DiskOutlook()
    expect(outlook.figures()).toBeNull()
    watch(outlook, 0.9, 2e9)
    expect(outlook.figures()).toMatchObject({ totalBytes: 500e9, lostPerDay: null, daysLeft: null })
  })

  it('measures the loss of the last days', () => {
    const outlook = new DiskOutlook()
    watch(outlook, 3, 2e9)
    const figures = outlook.figures()
    expect(figures?.lostPerDay).toBeCloseTo(2e9, -3)
    expect(figures?.daysLeft).toBeCloseTo(94e9 / 2e9, 3)
    expect(figures?.watchedMs).toBe(3 * DAY)
  })

  it('forgets what is older than eight days', () => {
    const outlook = new DiskOutlook()
    watch(outlook, 20, 2e9)
    expect(outlook.figures()?.watchedMs).toBe(8 * DAY)
  })

  it('promises no end for a disk that does not fill', () => {
    const outlook = new DiskOutlook()
    watch(outlook, 2, -1e9)
    expect(outlook.figures()).toMatchObject({ daysLeft: null })
    expect(outlook.figures()?.lostPerDay).toBeLessThan(0)
  })

  it('is full soon below 14 days, and no longer from 16 on: what hovers between changes nothing', () => {
    const outlook = new DiskOutlook()
    // 100 GB that lose 5 GB a day: 14 days are left on the seventh evening.
    const days = (): number => Math.round(outlook.figures()?.daysLeft ?? NaN)
    watch(outlook, 5, 5e9)
    expect([days(), outlook.fillsSoon]).toEqual([15, false])
    watch(outlook, 2, 5e9, T0 + 5 * DAY)
    expect([days(), outlook.fillsSoon]).toEqual([13, true])
    const at = T0 + 7 * DAY
    outlook.note(at + 60_000, 75e9, 500e9)
    expect([days(), outlook.fillsSoon]).toEqual([15, true])
    outlook.note(at + 120_000, 85e9, 500e9)
    expect([days(), outlook.fillsSoon]).toEqual([17, false])
  })

  it('is not said to be full soon before a day was watched; a watch that begins anew takes nothing back', () => {
    const outlook = new DiskOutlook()
    watch(outlook, 0.9, 50e9)
    expect(outlook.fillsSoon).toBe(false)
    watch(outlook, 0.2, 50e9, T0 + 0.9 * DAY)
    expect(outlook.fillsSoon).toBe(true)
    // The clock is set back.
    outlook.note(T0 - DAY, 50e9, 500e9)
    expect(outlook.figures()?.daysLeft).toBeNull()
    expect(outlook.fillsSoon).toBe(true)
  })

  it('goes on after a restart, and begins again after damage or a clock set back', () => {
    const kept = watch(new DiskOutlook(), 2, 2e9)
    const next = new DiskOutlook()
    next.recall(kept)
    next.note(T0 + 2 * DAY + HOUR, 96e9, 500e9)
    expect(next.figures()?.watchedMs).toBe(2 * DAY + HOUR)
    for (const damaged of ['{', '7', '[{"at":"x"}]', null]) {
      const fresh = new DiskOutlook()
      fresh.recall(damaged)
      fresh.note(T0, 96e9, 500e9)
      expect(fresh.figures()?.watchedMs).toBe(0)
    }
    next.note(T0, 96e9, 500e9)
    expect(next.figures()?.watchedMs).toBe(0)
  })
})

describe('the newest copy of the ledger', () => {
  it('is the newest whole one, whoever made it; none where there is no folder', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'zhian-copies-'))
    expect(await newestBackup(join(directory, 'absent'))).toBeNull()
    expect(await newestBackup(directory)).toBeNull()
    for (const name of ['ledger-20261120-030000.db', 'ledger-20261121-030000.db'])
      writeFileSync(join(directory, name), 'x'.repeat(name.includes('21') ? 7 : 3))
    writeFileSync(join(directory, 'ledger-20261122-030000.db.partial'), 'half')
    utimesSync(join(directory, 'ledger-20261121-030000.db'), new Date(T0), new Date(T0))
    expect(await newestBackup(directory)).toEqual({ at: T0, bytes: 7 })
    rmSync(directory, { recursive: true })
  })
})
