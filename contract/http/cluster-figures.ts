// How the processes of a cluster are, for the counters page. null: that process does not say.
import * as z from 'zod'
import { instantSchema } from '../ids.ts'
import { pageQuerySchema } from './common.ts'

const count = z.number().int().min(0)

export const NODE_ROLES = ['broker', 'ingest', 'dashboard'] as const

export const clusterFiguresSchema = z.object({
  /** Processes that live, by their own word of the last seconds. */
  nodes: z.array(
    z.object({
      id: z.string(),
      role: z.enum(NODE_ROLES),
      startedAt: instantSchema,
      /** Of an ingest worker: how many partitions it owns, and entries that wait to be decided, and to be stored. */
      partitions: count.nullable(),
      undecided: count.nullable(),
      unstored: count.nullable(),
      /** Of a broker: connected devices. */
      connections: count.nullable(),
      /** Of a dashboard. */
      desksArmed: count.nullable(),
      /** Of an ingest worker: why readings do not reach their store. */
      storeProblem: z.string().nullable(),
    }),
  ),
  partitions: z.object({
    total: count,
    /** Those whose lease has ended and that nobody has taken: nobody decides for their devices. */
    unowned: z.array(count),
    owners: z.array(z.object({ partition: count, owner: z.string().nullable() })),
  }),
  undecided: count,
  unstored: count,
  /** When the oldest entry was received that is not decided yet; null: none waits. */
  oldestUndecidedAt: instantSchema.nullable(),
  storeProblem: z.string().nullable(),
  /** Whether the ledger answers. */
  ledger: z.boolean(),
  redis: z.object({
    answers: z.boolean(),
    /** Whether it takes what it is given: one that is full, or misses its replicas, takes nothing. */
    takes: z.boolean(),
    /** `maxBytes` 0: no limit is set. */
    memory: z.object({ usedBytes: count, maxBytes: count }).nullable(),
  }),
})
export type ClusterFigures = z.infer<typeof clusterFiguresSchema>

/** An entry that could not be read or decided, set aside so that those behind it went on (G10). */
export const setAsideSchema = z.object({
  id: z.string(),
  at: instantSchema,
  partition: count,
  position: count,
  problem: z.string(),
  /** null: it could not be read. */
  deviceId: z.string().nullable(),
  /** Redacted and cut. */
  sample: z.string(),
})
export type SetAsideEntry = z.infer<typeof setAsideSchema>
export const setAsideQuerySchema = pageQuerySchema
