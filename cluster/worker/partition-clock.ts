// The time of one partition: as far as its stream has been read and its devices could be heard. A timer that runs by it judges
// nobody by what is still on its way.
import type { Clock } from '../../ingest/ports.ts'

/** When it was last known that devices can be heard. */
export interface Heard {
  /** Hub time, ms. */
  readonly heardAt: number
}

/** How long after it was last known that devices are heard it is still believed, ms. */
export const HEARD_MS = 3_000

export class PartitionClock implements Clock {
  private readonly clock: Clock
  private readonly hearing: Heard
  /** Receipt of the newest entry that was decided, while others wait behind it; null: nothing waits. */
  private behind: number | null = null

  constructor(clock: Clock, hearing: Heard) {
    this.clock = clock
    this.hearing = hearing
  }

  now(): number {
    const now = Math.min(this.clock.now(), this.hearing.heardAt + HEARD_MS)
    return this.behind === null ? now : Math.min(now, this.behind)
  }

  wall(): number {
    return this.clock.wall()
  }

  /** What is decided now was received then, and more waits. Within a backlog time does not go back. */
  reach(receivedAt: number): void {
    this.behind = this.behind === null ? receivedAt : Math.max(this.behind, receivedAt)
  }

  /** Nothing waits any more. Answers whether something had. */
  caughtUp(): boolean {
    const { behind } = this
    this.behind = null
    return behind !== null
  }
}
