// A process of the test's own that answers one question at a time, and never outlives it.
import { fork } from 'node:child_process'

export interface Child<Question, Answer> {
  ask(question: Question): Promise<Answer>
  /** Idempotent. */
  end(): Promise<void>
}

/** `file`: what it runs; it must answer each message with one. */
export function startChild<Question extends object, Answer>(file: URL): Child<Question, Answer> {
  const child = fork(file, [], { execArgv: [], serialization: 'advanced' })
  const waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = []
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.on('message', (answer) => waiting.shift()?.resolve(answer as Answer))
  void exited.then(() => {
    for (const { reject } of waiting.splice(0)) reject(new Error('the process ended early'))
  })
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        child.send(question)
      }),
    async end() {
      if (child.connected) child.disconnect()
      await exited
    },
  }
}
