// Randomness by position, not by sequence: number n of a seed is always the same, whatever was asked before. So a device's
// state at an instant can be computed without its past, in any order and in any number of processes.
//
// The mixer is MurmurHash3's 32-bit finalizer over the seed and both halves of n: not for secrets, good for weather.

function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** An independent seed for a named thing, from the seed of what it is part of. */
export function seedOf(seed: number, name: string): number {
  let h = mix(seed ^ 0x9e3779b9)
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193)
  return mix(h)
}

/** Number n (an integer within ±2^53) of a seed: uniform in [0, 1). */
export function uniform(seed: number, n: number): number {
  const high = Math.floor(n / 0x1_0000_0000)
  return mix(mix(seed ^ mix(high ^ 0x27d4eb2f)) ^ (n | 0)) / 0x1_0000_0000
}

export const between = (seed: number, n: number, low: number, high: number): number =>
  low + uniform(seed, n) * (high - low)

export function pick<T>(seed: number, n: number, list: readonly [T, ...T[]]): T {
  return list[Math.floor(uniform(seed, n) * list.length)] ?? list[0]
}

/** A continuous wandering in [−1, 1] with a new direction every `period` ms. */
export function wander(seed: number, t: number, period: number): number {
  const step = Math.floor(t / period)
  const share = (1 - Math.cos(Math.PI * (t / period - step))) / 2
  return 2 * (uniform(seed, step) * (1 - share) + uniform(seed, step + 1) * share) - 1
}
