// What the hub does by the clock: sealing and roll-ups, retention, the nightly copy of the ledger, the look at the disk and at
// who was never heard.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { RetentionPolicy, ReadingStore } from '../ingest/readings/port.ts'
import type { Ledger } from '../records/ledger.ts'
import { pruneBackups } from '../records/backups.ts'
import { diskSpace } from './conditions.ts'
import type { Ballast } from './ballast.ts'
import type { Conditions } from './conditions.ts'
import type { Upkeep } from './upkeep.ts'

const MINUTE = 60_000
const MAINTAIN_EVERY = MINUTE
const DISK_EVERY = MINUTE
const UNHEARD_EVERY = MINUTE
/** The ballast is laid some time after the start, which has better things to do; while the disk is full it is looked at often. */
const BALLAST_EVERY = MINUTE / 6
const FULL_EVERY = MINUTE / 60
/** The nightly copy is taken in the first look after this local hour of Asia/Shanghai: little happens then. */
const BACKUP_HOUR = 3
/** Copies kept. */
const BACKUPS_KEPT = 14
/** China has had one zone without daylight saving since 1991: UTC+8. */
const SHANGHAI_OFFSET = 8 * 60 * MINUTE

/** Number of the nights whose copy is due at `now`: it changes at 03:00 in Shanghai. */
export const nightOf = (now: number): number =>
  Math.floor((now + SHANGHAI_OFFSET - BACKUP_HOUR * 60 * MINUTE) / (24 * 60 * MINUTE))

/** `ledger-20261121-030000.db`, in Shanghai time. */
export function backupName(now: number): string {
  const digits = new Date(now + SHANGHAI_OFFSET).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  return `ledger-${digits}.db`
}

/** Setting: how much was free in the last days, so that a restart does not begin the watch again. */
export const DISK_WATCHED = 'disk_watched'

export const backupsIn = (directory: string): string => join(directory, 'backups')

export interface ScheduleParts {
  readonly directory: string
  readonly ledger: Ledger
  readonly readings: ReadingStore
  readonly retention: RetentionPolicy
  readonly decided: () => number
  readonly conditions: Conditions
  readonly ballast: Ballast
  /** The disk is full, or no longer. */
  readonly diskFull: (full: boolean) => void
  readonly upkeep: Upkeep
  /** Tells of devices that were registered and never heard. */
  readonly lookForUnheard: () => void
  readonly wall: () => number
  /** Hub time. What is old is thrown away by it: a wall clock that leaps years ahead must not empty the store. */
  readonly now: () => number
  readonly log: Logger
}

/** Starts the rounds; the answer stops them and waits for the one under way. */
export function startSchedule(parts: ScheduleParts): () => Promise<void> {
  const { ledger, readings, conditions, ballast, diskFull, upkeep, wall, now, log } = parts
  const backups = backupsIn(parts.directory)
  const running = new Set<Promise<void>>()
  let stopped = false

  const guarded = (what: string, work: () => Promise<void>): (() => void) => {
    let busy = false
    return () => {
      if (busy || stopped) return
      busy = true
      const done = work()
        .catch((error: unknown) => log.warn({ err: error }, `${what} failed; it is tried again`))
        .finally(() => {
          busy = false
          running.delete(done)
        })
      running.add(done)
    }
  }

  const maintain = guarded('maintenance', async () => {
    const at = Math.min(wall(), now())
    await readings.maintain(at, parts.retention, parts.decided())
    await ledger.maintain(at)
  })
  const backup = guarded('the nightly copy', async () => {
    const night = String(nightOf(wall()))
    if ((await ledger.settings.get('last_backup_night')) === night) return
    const file = join(backups, backupName(wall()))
    try {
      await mkdir(backups, { recursive: true, mode: 0o700 })
      await ledger.backupTo(file)
      upkeep.backupFailure = null
    } catch (error) {
      upkeep.backupFailure = { at: wall(), problem: (error as Error).message }
      throw error
    }
    await ledger.settings.set('last_backup_night', night)
    await pruneBackups(backups, BACKUPS_KEPT, wall())
    log.info({ file }, 'nightly copy of the ledger taken')
  })
  const disk = guarded('the look at the disk', async () => {
    const { freeBytes, totalBytes, freeGb, short } = await diskSpace(parts.directory)
    const watched = upkeep.disk.note(wall(), freeBytes, totalBytes)
    conditions.set('hub.disk', short || upkeep.disk.fillsSoon, freeGb)
    if (watched !== null) await ledger.settings.set(DISK_WATCHED, watched)
  })

  const tend = guarded('the look at the ballast', async () => {
    await ballast.tend()
    diskFull(ballast.full)
  })

  const unheard = guarded('the look for devices never heard', async () => parts.lookForUnheard())

  const timers = [
    setInterval(maintain, MAINTAIN_EVERY),
    setInterval(backup, MINUTE),
    setInterval(disk, DISK_EVERY),
    setInterval(unheard, UNHEARD_EVERY),
    setInterval(tend, BALLAST_EVERY),
    setInterval(() => ballast.full && tend(), FULL_EVERY),
  ]
  disk()
  unheard()
  return async () => {
    stopped = true
    for (const timer of timers) clearInterval(timer)
    await Promise.allSettled(running)
  }
}
