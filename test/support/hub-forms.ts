// The hub in both of its forms, behind one interface: tests that talk to a real hub from outside run against each of them.
import { describe } from 'vitest'
import { CLUSTER_MISSING, startCluster } from './cluster.ts'
import { startHubProcess } from './hub-process.ts'

/** A real hub, as whoever stands outside sees it. */
export interface RunningHub {
  readonly base: string
  readonly httpPort: number
  readonly mqttPort: number
  readonly output: () => string
  /** Ends every process of it with SIGKILL; resolves when they are gone. */
  kill(): Promise<void>
  /** Starts it again on the same data and ports; resolves when it is ready. */
  restart(): Promise<void>
  /** Ends it and removes its data. */
  dispose(): Promise<void>
}

/** One broker, two workers, two dashboards, behind the balancer. What outlives the hub in a deployment outlives `kill` here. */
export async function startSmallCluster(): Promise<RunningHub> {
  const cluster = await startCluster({ brokers: 1, workers: 2, dashboards: 2 })
  const { base, httpPort, mqttPort, processes } = cluster
  return {
    base,
    httpPort,
    mqttPort,
    output: () => cluster.output(),
    kill: async () => void (await Promise.all(processes.map((one) => one.kill()))),
    async restart() {
      for (const one of processes) one.launch()
      await cluster.ready()
      await cluster.balanced()
    },
    dispose: () => cluster.dispose(),
  }
}

const FORMS = [
  { name: 'in one process', missing: false, start: (): Promise<RunningHub> => startHubProcess() },
  { name: 'scaled out', missing: CLUSTER_MISSING, start: startSmallCluster },
] as const

/** A suite for each form; it starts its hub with what it is given. */
export function describeForms(
  name: string,
  mayRun: boolean,
  suite: (startHub: () => Promise<RunningHub>) => void,
): void {
  for (const form of FORMS) {
    describe.skipIf(!mayRun || form.missing)(`${name}, the hub ${form.name}`, () => suite(form.start))
  }
}
