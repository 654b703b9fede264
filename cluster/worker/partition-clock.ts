// The time of one partition: as far as its stream has been decided. A timer that runs by it judges nobody by what still waits
// to be read.
import type { Clock } from '../../ingest/ports.ts'

export class PartitionClock implements Clock {
  private readonly clock: Clock
  /** Receipt of the newest entry that was decided, while others wait behind it; null: nothing waits. */
  private behind: number | null = null

  constructor(clock: Clock) {
    this.clock = clock
  }

  now(): number {
    const now = this.clock.now()
    return this.behind === null ? now : Math.min(now, this.behind)
  }

  wall(): number {
    return this.clock.wall()
  }

  /** What is decided now was received then, and more waits. Within a backlog time does not go back. */
  reach(receivedAt: number): void {
    this.behind = this.behind === null ? receivedAt : Math.max(this.behind, receivedAt)
  }

  /** Nothing waits any more. */
  caughtUp(): void {
    this.behind = null
  }
}
