// Starting and stopping in order, for every role: what was started last ends first, and a start that fails ends what it began.
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { startProblem } from '../start-problem.ts'

/** Things to end, in the order they were started. */
export type Stops = [name: string, stop: () => Promise<unknown> | void][]

/** Starts everything or nothing. `stop` is idempotent and ends in reverse order; one that fails does not keep the others. */
export async function startParts<T>(
  config: Config,
  log: Logger,
  wire: (stops: Stops, stop: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const stops: Stops = []
  let stopping: Promise<void> | null = null
  const stop = (): Promise<void> => (stopping ??= endAll(stops, log))
  try {
    return await wire(stops, stop)
  } catch (error) {
    await stop()
    throw startProblem(error, config) ?? error
  }
}

async function endAll(stops: Stops, log: Logger): Promise<void> {
  for (const [name, end] of stops.toReversed()) {
    try {
      await end()
    } catch (error) {
      log.error({ err: error }, `stopping ${name} failed`)
    }
  }
}
