// The hub's two clocks. Wall time stamps what people read; hub time drives timers and durations and never jumps.
import { performance } from 'node:perf_hooks'

export interface Clock {
  /** Hub time: starts at the wall time of the process's start and then advances monotonically, ms. */
  now(): number
  /** Wall time, ms: may step when the machine's clock is corrected. */
  wall(): number
}

/** `ahead`: how far the clock that this process shares with others is before its machine's, ms. */
export function systemClock(ahead = 0): Clock {
  const anchor = Date.now() + ahead - performance.now()
  return { now: () => Math.floor(anchor + performance.now()), wall: () => Date.now() }
}
