// Calls when a device's next deadline has come. One timer for all; inert until `start`.
import type { Runtime } from './devices.ts'
import type { Clock } from './ports.ts'
import { DueQueue } from './timers.ts'

/** A timer that comes this late means the process was stopped or starved: messages first, then timers. */
const LATE_MS = 50
/** What came in meanwhile is read in as long as it took to come, or so; within these bounds a timer waits for it. */
const GRACE_MS = { least: 250, most: 2_000 } as const
/** A process that stands still again and again must come to its timers all the same. */
const MAX_GRACES = 3
/** The longest a timer of the runtime can wait; the next one follows. */
const LONGEST_WAIT_MS = 2 ** 31 - 1

export class Ticker {
  private readonly queue = new DueQueue<Runtime>()
  private readonly clock: Clock
  private readonly due: (runtimes: readonly Runtime[]) => void
  private timer: NodeJS.Timeout | null = null
  private running = false

  /** `due` gets the devices whose deadline has come. */
  constructor(clock: Clock, due: (runtimes: readonly Runtime[]) => void) {
    this.clock = clock
    this.due = due
  }

  start(): void {
    this.running = true
    this.arm()
  }

  stop(): void {
    this.running = false
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
  }

  /** Makes sure the device comes up at `due` (hub time) or earlier. */
  want(runtime: Runtime, due: number): void {
    const before = this.queue.peek()
    this.queue.want(runtime, due)
    if (before === null || due < before) this.arm()
  }

  private arm(): void {
    if (!this.running) return
    if (this.timer !== null) clearTimeout(this.timer)
    const next = this.queue.peek()
    if (next === null) return
    const wait = Math.min(Math.max(0, next - this.clock.now()), LONGEST_WAIT_MS)
    this.timer = setTimeout(() => this.fire(), wait)
  }

  private fire(): void {
    const next = this.queue.peek()
    this.afterStandstill(next === null ? 0 : this.clock.now() - next, MAX_GRACES)
  }

  /** `late`: how long ago this should have been. */
  private afterStandstill(late: number, graces: number): void {
    if (late <= LATE_MS || graces === 0) return this.tick()
    // The process slept: what devices said meanwhile is in the sockets. Read it before judging anyone silent.
    const grace = Math.min(Math.max(late, GRACE_MS.least), GRACE_MS.most)
    const due = this.clock.now() + grace
    this.timer = setTimeout(() => this.afterStandstill(this.clock.now() - due, graces - 1), grace)
  }

  private tick(): void {
    this.timer = null
    const runtimes = this.queue.take(this.clock.now())
    if (runtimes.length > 0) this.due(runtimes)
    this.arm()
  }
}
