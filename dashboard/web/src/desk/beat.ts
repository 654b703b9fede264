// One beat for every marker that pulses, on and off once a second, all in step.
//
// Not a CSS animation: one runs in the compositor, for each marker in layers of its own, and keeps the whole page drawn sixty
// times a second; every new row waits its turn behind that (docs/decisions/0013).

/** Half a beat, ms: 1 Hz. */
const HALF_MS = 500

let pulsing = 0
let timer: ReturnType<typeof setInterval> | undefined

/** Attach to whatever pulses: the clock runs only while something does. */
export function beat(): () => void {
  pulsing += 1
  timer ??= setInterval(() => {
    const { dataset } = document.documentElement
    if (dataset['beat'] === 'off') delete dataset['beat']
    else dataset['beat'] = 'off'
  }, HALF_MS)
  return () => {
    pulsing -= 1
    if (pulsing > 0) return
    clearInterval(timer)
    timer = undefined
    delete document.documentElement.dataset['beat']
  }
}
