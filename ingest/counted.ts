// Whose points wait in a batch, message by message: counted as stored, or taken back, when it is known which (G10).
import type { Counters } from './counters.ts'

export class CountedPoints {
  /** In all. */
  total = 0
  /** One entry a message, in step with each other: two plain arrays cost the path of every message next to nothing. */
  private readonly of: Counters[] = []
  private readonly points: number[] = []

  add(points: number, device: Counters | null): void {
    if (points === 0) return
    this.total += points
    if (device === null) return
    this.of.push(device)
    this.points.push(points)
  }

  settle(outcome: 'committed' | 'failed', hub: Counters): void {
    hub[outcome](this.total)
    for (let index = 0; index < this.of.length; index++) this.of[index]?.[outcome](this.points[index] as number)
  }
}
