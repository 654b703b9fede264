// How many days the disk will last, from how fast it has been filling. Pure: time is an argument.
import * as z from 'zod'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** One sample an hour of the last eight days: a week of ordinary life, nightly copies and sealing included. */
const SAMPLE_EVERY = HOUR
const KEPT_FOR = 8 * DAY
/** Less than a whole day says nothing: copies, sealing and retention come once a day. */
const ENOUGH = DAY
/** Full within fewer days is soon, which leaves two weekends to act; from this many on it no longer is. */
const SOON_DAYS = 14
const NOT_SOON_DAYS = 16

const samplesSchema = z.array(z.object({ at: z.number(), free: z.number() }))
type Sample = z.infer<typeof samplesSchema>[number]

export interface DiskFigures {
  readonly freeBytes: number
  readonly totalBytes: number
  readonly lostPerDay: number | null
  readonly watchedMs: number
  readonly daysLeft: number | null
}

export class DiskOutlook {
  private samples: Sample[] = []
  private now: { readonly free: number; readonly total: number } | null = null
  private soon = false

  /** What an earlier run of the hub watched; anything that is not that is forgotten. */
  recall(text: string | null): void {
    try {
      this.samples = samplesSchema.safeParse(JSON.parse(text ?? '[]')).data ?? []
    } catch {
      this.samples = []
    }
  }

  /** Answers what to keep for the next run when it has changed. */
  note(at: number, free: number, total: number): string | null {
    this.now = { free, total }
    // A clock that was set back must not stop the watch.
    if (this.samples.some((sample) => sample.at > at)) this.samples = []
    const last = this.samples.at(-1)
    const isDue = last === undefined || at - last.at >= SAMPLE_EVERY
    if (isDue) this.samples = [...this.samples.filter((sample) => at - sample.at <= KEPT_FOR), { at, free }]
    this.soon = this.willFillSoon()
    return isDue ? JSON.stringify(this.samples) : null
  }

  /** Whether the disk will be full soon, as of the last look. Days that are not known change nothing. */
  get fillsSoon(): boolean {
    return this.soon
  }

  private willFillSoon(): boolean {
    const figures = this.figures()
    if (figures === null || figures.lostPerDay === null) return this.soon
    return figures.daysLeft !== null && figures.daysLeft < (this.soon ? NOT_SOON_DAYS : SOON_DAYS)
  }

  /** null before the first look. */
  figures(): DiskFigures | null {
    if (this.now === null) return null
    const { free, total } = this.now
    const watchedMs = (this.samples.at(-1)?.at ?? 0) - (this.samples[0]?.at ?? 0)
    const slope = watchedMs < ENOUGH ? null : lossPerMs(this.samples)
    const lostPerDay = slope === null ? null : slope * DAY
    return {
      freeBytes: free,
      totalBytes: total,
      lostPerDay,
      watchedMs,
      daysLeft: lostPerDay === null || lostPerDay <= 0 ? null : free / lostPerDay,
    }
  }
}

/** Least squares through all samples: one big file written and removed does not decide. */
function lossPerMs(samples: readonly Sample[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [at, free] = [mean(samples.map((sample) => sample.at)), mean(samples.map((sample) => sample.free))]
  let [across, along] = [0, 0]
  for (const sample of samples) {
    across += (sample.at - at) * (sample.free - free)
    along += (sample.at - at) ** 2
  }
  return -across / along
}
