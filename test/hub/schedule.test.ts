import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Ballast } from '../../hub/ballast.ts'
import { Conditions, diskSpace } from '../../hub/conditions.ts'
import { backupName, nightOf, startSchedule } from '../../hub/schedule.ts'
import { Upkeep } from '../../hub/upkeep.ts'
import { hashToken } from '../../broker/tokens.ts'
import type { Ledger } from '../../records/ledger.ts'
import { createLedger } from '../../records/sqlite-ledger.ts'
import { MemoryReadings } from '../support/memory-stores.ts'

/** 2026-11-21 03:00 in Shanghai. */
const THREE_AT_NIGHT = Date.UTC(2026, 10, 20, 19)
const HOUR = 3_600_000

describe('the nightly copy', () => {
  afterEach(() => vi.useRealTimers())

  it('is due once from 03:00 Shanghai time to the next', () => {
    expect(nightOf(THREE_AT_NIGHT) - nightOf(THREE_AT_NIGHT - 1)).toBe(1)
    expect(nightOf(THREE_AT_NIGHT + 24 * HOUR - 1)).toBe(nightOf(THREE_AT_NIGHT))
  })

  it('is named by its local time, so that names sort by age', () => {
    expect(backupName(THREE_AT_NIGHT)).toBe('ledger-20261121-030000.db')
    expect(backupName(THREE_AT_NIGHT + HOUR) > backupName(THREE_AT_NIGHT)).toBe(true)
  })

  it('is taken once a night, verified, and the oldest beyond fourteen go', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'zhian-schedule-'))
    const ledger = createLedger({
      directory,
      defaultRules: [],
      hashDeviceToken: (token, key) => hashToken(key, token).toString('hex'),
    })
    await ledger.start()
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    let wall = THREE_AT_NIGHT
    const stop = startSchedule({
      directory,
      ledger,
      readings: new MemoryReadings(),
      retention: { rawDays: 90, minuteDays: 365, hourDays: 1825 },
      decided: () => 0,
      conditions: new Conditions(() => undefined),
      upkeep: new Upkeep(),
      ballast: new Ballast(directory, 1_000),
      diskFull: () => undefined,
      lookForUnheard: () => undefined,
      wall: () => wall,
      now: () => wall,
      log: pino({ level: 'silent' }),
    })
    const copies = (): string[] => readdirSync(join(directory, 'backups')).filter((name) => name.endsWith('.db'))
    // A look may find the one before still at work: look until it is done.
    const lookUntil = (done: () => Promise<boolean>): Promise<unknown> =>
      vi.waitFor(
        async () => {
          vi.advanceTimersByTime(60_000)
          expect(await done()).toBe(true)
        },
        { timeout: 20_000, interval: 5 },
      )
    for (let night = 0; night < 16; night++) {
      const expected = backupName(wall)
      await lookUntil(async () => (await ledger.settings.get('last_backup_night')) === String(nightOf(wall)))
      expect(copies()).toContain(expected)
      // Later looks of the same night take no second copy.
      wall += 12 * HOUR
      await lookUntil(async () => copies().length === Math.min(night + 1, 14))
      wall += 12 * HOUR
    }
    await stop()
    await ledger.stop()
    expect(copies().toSorted()[0]).toBe('ledger-20261123-030000.db')
    rmSync(directory, { recursive: true })
  })
})

describe('what the hub watches about itself', () => {
  it('raises hub.disk when the disk fills within a fortnight, though there is room today', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'zhian-schedule-'))
    const { freeBytes } = await diskSpace(directory)
    const upkeep = new Upkeep()
    // A tenth of what is left was lost in each of the last two days.
    const watched = [2, 1].map((days) => ({ at: THREE_AT_NIGHT - days * 24 * HOUR, free: freeBytes * (1 + days / 10) }))
    upkeep.disk.recall(JSON.stringify(watched))
    const raised: [string, boolean][] = []
    const kept = new Map<string, string>()
    const ledger = { settings: { set: async (key: string, value: string) => void kept.set(key, value) } }
    const stop = startSchedule({
      directory,
      ledger: ledger as unknown as Ledger,
      readings: new MemoryReadings(),
      retention: { rawDays: 90, minuteDays: 365, hourDays: 1825 },
      decided: () => 0,
      conditions: new Conditions((ruleId, active) => raised.push([ruleId, active])),
      upkeep,
      lookForUnheard: () => undefined,
      ballast: new Ballast(directory, 1_000),
      diskFull: () => undefined,
      wall: () => THREE_AT_NIGHT,
      now: () => THREE_AT_NIGHT,
      log: pino({ level: 'silent' }),
    })
    await vi.waitFor(() => expect(kept.size).toBe(1), { timeout: 20_000 })
    await stop()
    expect(raised).toEqual([['hub.disk', true]])
    expect(Math.round(upkeep.disk.figures()?.daysLeft ?? NaN)).toBe(10)
    rmSync(directory, { recursive: true })
  })

  it('tells of changes only, and of the first finding always', () => {
    const raised: [string, boolean][] = []
    const conditions = new Conditions((ruleId, active) => raised.push([ruleId, active]))
    for (const active of [false, false, true, true, false]) conditions.set('hub.disk', active)
    expect(raised).toEqual([
      ['hub.disk', false],
      ['hub.disk', true],
      ['hub.disk', false],
    ])
  })
})
