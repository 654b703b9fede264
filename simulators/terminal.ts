// What the command line says, and how it hears that it is to end.
import { readFileSync } from 'node:fs'

export const say = (line: string): void => void process.stdout.write(`${line}\n`)
export const complain = (line: string): void => void process.stderr.write(`${line}\n`)

/** A sentence for the person at the terminal; no stack. */
export class Complaint extends Error {}

export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Complaint(`无法读取 cannot read ${path}: ${wordsOf(error)}`)
  }
}

/** Resolves when somebody interrupts; a second interrupt ends the process at once. */
export function whenInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(130)
        asked = true
        resolve()
      })
    }
  })
}
