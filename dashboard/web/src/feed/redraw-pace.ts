// When the list is drawn anew. Pure: time is an argument.
//
// A change after a quiet moment is drawn at once: the work is then done while the next frame is still waited for, instead of
// in it. Those that follow wait until the page has had a frame, and at least as long again as the last drawing took, so that
// in a storm half of the page's time is left to the officer.

/** One frame of the usual screen, ms. */
const FRAME_MS = 16

export class RedrawPace {
  #freeAt = -Infinity

  /** How long a change that comes now has to wait, ms. */
  wait(now: number): number {
    return Math.max(0, this.#freeAt - now)
  }

  drawn(from: number, to: number): void {
    this.#freeAt = to + Math.max(FRAME_MS, to - from)
  }
}
