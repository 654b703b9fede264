// Room kept back for the day the disk is full: a file that is given up then, so that alarms are still written down and told
// while readings wait. What devices measured is not acknowledged meanwhile, and they send it again.
import { randomFillSync } from 'node:crypto'
import { rmSync, statfsSync } from 'node:fs'
import { open, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReadingStore } from '../ingest/readings/port.ts'

/** Half a million transitions. */
export const BALLAST_BYTES = 64 * 1024 * 1024
/** It is laid only where that leaves room, and readings go on only when there is again. In sizes of the ballast. */
const ROOMY = 4
const ROOM_AGAIN = 2
/** How long a refused batch waits for its answer, ms: its devices send again at once, and would do nothing else. */
const REFUSED_AFTER_MS = 1_000

export class Ballast {
  readonly #file: string
  readonly #directory: string
  readonly #bytes: number
  #full = false

  constructor(directory: string, bytes = BALLAST_BYTES) {
    this.#directory = directory
    this.#file = join(directory, 'ballast')
    this.#bytes = bytes
  }

  /** The disk is full, and readings wait. */
  get full(): boolean {
    return this.#full
  }

  /** To be asked when a commit has failed: gives the room away if the disk is full. True when that is what is wrong. */
  giveUp(): boolean {
    try {
      if (this.#full || this.#free() >= this.#bytes) return this.#full
      this.#full = true
      rmSync(this.#file, { force: true })
    } catch {
      // A disk that cannot even be asked has no room to give.
    }
    return this.#full
  }

  /** Looks whether there is room again, and lays the ballast where it is missing and there is plenty. */
  async tend(): Promise<void> {
    const free = this.#free()
    if (this.#full && free >= ROOM_AGAIN * this.#bytes) this.#full = false
    if (this.#full || free < ROOMY * this.#bytes || (await this.#laid())) return
    await this.#lay()
  }

  async #laid(): Promise<boolean> {
    try {
      return (await stat(this.#file)).size === this.#bytes
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
  }

  /** Written, not reserved: some file systems promise room that they do not have, and others keep zeros for nothing. */
  async #lay(): Promise<void> {
    const draft = `${this.#file}.new`
    const file = await open(draft, 'w', 0o600)
    try {
      const block = randomFillSync(Buffer.alloc(1024 * 1024))
      for (let at = 0; at < this.#bytes; at += block.length)
        await file.write(block, 0, Math.min(block.length, this.#bytes - at))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, this.#file)
  }

  #free(): number {
    const { bavail, bsize } = statfsSync(this.#directory)
    return bavail * bsize
  }
}

/** The reading store, which takes nothing while the disk is full: what room there is belongs to the ledger. */
export function withBallast(readings: ReadingStore, ballast: Pick<Ballast, 'full'>): ReadingStore {
  const guarded: Pick<ReadingStore, 'append' | 'maintain'> = {
    append: async (inputs) => {
      if (!ballast.full) return readings.append(inputs)
      await new Promise((resolve) => setTimeout(resolve, REFUSED_AFTER_MS))
      throw new Error('磁盘已满，读数暂不入库。 The disk is full: readings wait.')
    },
    maintain: async (...when) => {
      if (!ballast.full) await readings.maintain(...when)
    },
  }
  // All else is the store's own.
  return Object.assign(Object.create(readings) as ReadingStore, guarded)
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'
