// A problem that comes back every second is said once a minute.

const SAY_EVERY_MS = 60_000

export function seldom(say: (error: unknown) => void): (error: unknown) => void {
  let saidAt = -Infinity
  return (error) => {
    if (performance.now() - saidAt < SAY_EVERY_MS) return
    saidAt = performance.now()
    say(error)
  }
}
