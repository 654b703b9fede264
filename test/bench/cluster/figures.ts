// The figures of a cluster as a file, for whoever reckons with them: test/bench/cluster/sizing.ts makes a page of them.
import { readFileSync, writeFileSync } from 'node:fs'
import * as z from 'zod'

/** CPU seconds for a million messages of eight values, rules evaluated, stored. */
const cpuSchema = z.object({
  broker: z.number(),
  ingest: z.number(),
  dashboard: z.number(),
  redis: z.number(),
  postgres: z.number(),
  store: z.number(),
  haproxy: z.number(),
})

const shapeSchema = z.object({
  brokers: z.number(),
  workers: z.number(),
  messages: z.number(),
  /** Acknowledged; and decided and stored as well; both while the load generator has its share of the same cores. */
  acknowledgedPerSecond: z.number(),
  throughPerSecond: z.number(),
  /** Of what Redis alone takes of the same bodies, in the same minute. */
  shareOfRedis: z.number(),
  cpu: cpuSchema,
})

export const clusterFiguresSchema = z.object({
  /** When, and on what. */
  machine: z.array(z.string()),
  cores: z.number(),
  /** XADD of the same bodies over one connection, a second; CPU seconds of Redis for a million of them. */
  redisAlone: z.object({ perSecond: z.number(), cpu: z.number() }),
  shapes: z.array(shapeSchema),
  /** Of a broker. */
  connections: z.object({
    open: z.number(),
    residentBefore: z.number(),
    bytesPerConnection: z.number(),
  }),
  /** Resident memory of an idle process, bytes. */
  resident: z.object({ broker: z.number(), ingest: z.number(), dashboard: z.number() }),
  /** Resident memory of a process for each device of the county, all of which each keeps, bytes. */
  bytesPerDevice: z.object({ broker: z.number(), ingest: z.number(), dashboard: z.number() }),
  /** What a message takes in Redis until it is stored, and a reading in the store for good, bytes. */
  bytes: z.object({ redisPerMessage: z.number(), storePerMessage: z.number() }),
})
export type ClusterFigures = z.infer<typeof clusterFiguresSchema>
export type Shape = z.infer<typeof shapeSchema>
export type CpuByPart = z.infer<typeof cpuSchema>

export const writeFigures = (path: string, figures: ClusterFigures): void =>
  writeFileSync(path, `${JSON.stringify(figures, null, 2)}\n`)

export const readFigures = (path: string): ClusterFigures =>
  clusterFiguresSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
