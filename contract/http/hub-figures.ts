// What the hub measured about itself, for the counters page. null: not measured yet, never a guess.
import * as z from 'zod'
import { instantSchema } from '../ids.ts'
import { countersSchema } from './alarms.ts'
import { clusterFiguresSchema } from './cluster-figures.ts'
import { deviceCountersSchema } from './devices.ts'

const count = z.number().int().min(0)
const ms = z.number().min(0)

export const hubFiguresSchema = countersSchema.extend({
  /** The hub's time of this answer, and of its start. */
  at: instantSchema,
  startedAt: instantSchema,
  version: z.string(),
  /** Taken and not yet durable: batches under way, messages and data points in them and behind them. */
  backlog: z.object({ batches: count.nullable(), messages: count, points: count.nullable() }),
  /** From the moment a batch was closed to its being durable in both stores; percentiles of the newest `of`. */
  commits: z.object({
    count,
    of: count,
    p50: ms.nullable(),
    p99: ms.nullable(),
    last: z.object({ ms, at: instantSchema }).nullable(),
  }),
  /** null: the hub does not listen for devices yet. */
  mqttConnections: count.nullable(),
  /** The devices of which most was rejected, most first; at most ten. */
  rejecting: z.array(
    deviceCountersSchema.pick({ deviceId: true, received: true, rejected: true, byReason: true }).extend({
      deviceName: z.string(),
    }),
  ),
  /** Newest transition in the ledger, and the newest handed to the screens. */
  feed: z.object({ head: count, told: count, screens: count, desksArmed: count }),
  /** Device → painted, as the browsers report it: reports by their upper bound in seconds, null for beyond the last. */
  shown: z.object({ count, buckets: z.array(z.object({ le: z.number().nullable(), count })) }),
  disk: z
    .object({
      freeBytes: count,
      totalBytes: count,
      /** How much less is free each day, over what was watched; negative: more. null: watched for too short a time. */
      lostPerDay: z.number().nullable(),
      watchedMs: ms,
      /** null: not known, or the disk does not fill. */
      daysLeft: z.number().min(0).nullable(),
    })
    .nullable(),
  /** null: the ledger is kept by a database server, whose own tools copy it. */
  backup: z
    .object({
      /** The newest whole copy of the ledger in the hub's own folder. */
      last: z.object({ at: instantSchema, bytes: count }).nullable(),
      /** The newest attempt, if it failed. */
      failure: z.object({ at: instantSchema, problem: z.string() }).nullable(),
    })
    .nullable(),
  /** null: the whole hub is one process. */
  cluster: clusterFiguresSchema.nullable(),
})
export type HubFigures = z.infer<typeof hubFiguresSchema>
