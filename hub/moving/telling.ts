// What a move says while it goes on: a line a step, and on a terminal how far the step has come.
import type { Writable } from 'node:stream'

interface Terminal extends Writable {
  readonly isTTY?: boolean
}

/** Between two words on how far a step has come, ms. */
const EVERY_MS = 500

export class Telling {
  readonly #out: Terminal
  readonly #problems: Writable
  #saidAt = 0
  #open = false

  constructor(out: Terminal, problems: Writable) {
    this.#out = out
    this.#problems = problems
  }

  step(line: string): void {
    this.#close()
    this.#out.write(`${line}\n`)
  }

  /** Written over the last one; on something that is no terminal, nothing. */
  progress(line: string): void {
    if (this.#out.isTTY !== true) return
    const now = performance.now()
    if (now - this.#saidAt < EVERY_MS) return
    this.#saidAt = now
    this.#open = true
    this.#out.write(`\r\u001b[2K  ${line}`)
  }

  refused(...lines: readonly string[]): void {
    this.#close()
    this.#problems.write(`${lines.join('\n  ')}\n`)
  }

  #close(): void {
    if (this.#open) this.#out.write('\r\u001b[2K')
    this.#open = false
  }
}
