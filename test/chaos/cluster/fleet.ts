// The fleet from the test's side: what it has measured and what was acknowledged of it, in a record that no fault reaches.
import type { Credential } from '../../load/publisher.ts'
import { until } from '../../support/hub-process.ts'
import { startChild } from '../child.ts'
import { RECORD_WIDTH } from './fleet-process.ts'
import type { FleetProgress, FleetRecord, FromFleet, ToFleet } from './fleet-process.ts'
import type { Sample } from './owed.ts'
import type { Cycle } from './schedule.ts'

export interface FleetOptions {
  readonly port: number
  readonly devices: readonly Credential[]
  readonly cycle: Cycle
  readonly intervalMs: number
}

/** A sample as the device knows it; wall times, ms. */
export interface RecordedSample extends Sample {
  readonly sent: number
  /** null: never. */
  readonly acknowledgedAt: number | null
}

export interface Fleet {
  progress(): Promise<FleetProgress>
  /** Resolves when so many more messages are acknowledged. */
  flows(more?: number, limitMs?: number): Promise<void>
  /** Resolves when every device has a PUBACK for something it measured after now: it talks to the hub again. */
  allFlow(limitMs?: number): Promise<void>
  /** Nothing new is measured; resolves with the record when all of it is acknowledged, or the limit is over. */
  rest(limitMs?: number): Promise<ReadonlyMap<string, readonly RecordedSample[]>>
  end(): Promise<void>
}

const CONNECTS_PER_SECOND = 500
const PATIENCE_MS = 120_000

/** Resolves when every device is connected; then they measure. */
export async function startFleet({ port, devices, cycle, intervalMs }: FleetOptions): Promise<Fleet> {
  const child = startChild<ToFleet, FromFleet>(new URL('./fleet-process.ts', import.meta.url))
  const progress = async (): Promise<FleetProgress> => {
    const answer = await child.ask({ type: 'progress' })
    if (answer.type !== 'progress') throw new Error('the fleet answered something else')
    return answer.progress
  }
  try {
    const plan = {
      port,
      cycle,
      intervalMs,
      devices: devices.map(({ username, password }) => ({ id: username, password })),
      connectsPerSecond: CONNECTS_PER_SECOND,
    }
    await child.ask({ type: 'plan', plan })
    const isConnected = async (): Promise<boolean> => (await progress()).connected === devices.length
    await until(`${devices.length} devices are connected`, isConnected, PATIENCE_MS)
    await child.ask({ type: 'measure' })
  } catch (error) {
    const { connected, refused } = await progress().catch(() => ({ connected: 0, refused: 0 }))
    await child.end()
    throw new Error(`the fleet did not come up: ${connected} connected, ${refused} refused`, { cause: error })
  }
  return {
    progress,
    async flows(more = 100, limitMs = PATIENCE_MS) {
      const enough = (await progress()).acknowledged + more
      await until('messages are acknowledged', async () => (await progress()).acknowledged >= enough, limitMs)
    },
    async allFlow(limitMs = PATIENCE_MS) {
      const since = Date.now()
      const flows = async (): Promise<boolean> => (await progress()).flownTo >= since
      await until('every device is acknowledged', flows, limitMs)
    },
    async rest(limitMs = PATIENCE_MS) {
      await child.ask({ type: 'rest' })
      const isDone = async (): Promise<boolean> => (await progress()).waiting === 0
      // What is left then is told by the record.
      await until('everything is acknowledged', isDone, limitMs).catch(() => undefined)
      const answer = await child.ask({ type: 'record' })
      if (answer.type !== 'record') throw new Error('the fleet answered something else')
      return new Map(answer.record.map(({ id, samples }) => [id, samplesOf(samples)]))
    },
    end: () => child.end(),
  }
}

function samplesOf(flat: FleetRecord['samples']): RecordedSample[] {
  const samples: RecordedSample[] = []
  for (let at = 0; at < flat.length; at += RECORD_WIDTH) {
    const [ts = 0, loud, sent = 0, acknowledgedAt = 0] = flat.subarray(at, at + RECORD_WIDTH)
    samples.push({ ts, loud: loud === 1, sent, acknowledgedAt: acknowledgedAt === 0 ? null : acknowledgedAt })
  }
  return samples
}
