// Thousands of connected devices, from the test's side.
import type { Credential } from '../load/publisher.ts'
import { until } from '../support/hub-process.ts'
import { startChild } from './child.ts'
import type { FromClients, ToClients } from './clients-process.ts'

export interface Clients {
  /** Every connection breaks and is tried again at once. */
  drop(): Promise<void>
  count(): Promise<FromClients>
  /** Resolves when all are connected, with how long that took, ms. */
  allOpen(limitMs: number): Promise<number>
  end(): Promise<void>
}

export async function startClients(mqttPort: number, credentials: readonly Credential[]): Promise<Clients> {
  const { ask, end } = startChild<ToClients, FromClients>(new URL('./clients-process.ts', import.meta.url))
  await ask({ type: 'plan', port: mqttPort, credentials })
  return {
    drop: async () => void (await ask({ type: 'drop' })),
    count: () => ask({ type: 'count' }),
    async allOpen(limitMs) {
      const started = performance.now()
      await until(
        `${credentials.length} clients are connected`,
        async () => (await ask({ type: 'count' })).open === credentials.length,
        limitMs,
      )
      return performance.now() - started
    },
    end,
  }
}
