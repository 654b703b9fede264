// What a child process says to the test before it may be killed at any instant: written when the call returns.
import { writeSync } from 'node:fs'

/** A line to standard output. A full pipe (EAGAIN, when the test reads slowly) is tried again. */
export function tell(line: string): void {
  let rest = Buffer.from(`${line}\n`)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}
