// What the dashboard is told when it is made. The hub's configuration table says what each means to an operator.
import type { Registry as Metrics } from 'prom-client'

export interface LogSink {
  info(fields: object, line: string): void
  warn(fields: object, line: string): void
  error(fields: object, line: string): void
}

/** Milliseconds; the tests shorten them. */
export interface Rhythm {
  /** Between two heartbeats of the feed. */
  readonly heartbeat: number
  /** Between two readings of a connected session, and of its scope, from the ledger. */
  readonly recheck: number
  /** Between two looks at ends of sessions that come by the clock. */
  readonly sweep: number
  /** Between two `readings` to one page: at most four a second. */
  readonly readings: number
  /** Between two rounds of presence, each of a bounded number of writes. */
  readonly presence: number
  /** Between two rounds of who looks at which alarm. */
  readonly viewers: number
}
export const RHYTHM: Rhythm = {
  heartbeat: 5_000,
  recheck: 60_000,
  sweep: 500,
  readings: 250,
  presence: 100,
  viewers: 1_000,
}

export interface DashboardOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer } | undefined
  /** Addresses and subnets (`10.0.0.0/8`) whose X-Forwarded-* headers are believed. */
  readonly trustedProxies: readonly string[]
  /** Origins a page may come from besides the one it was loaded from, e.g. behind a proxy that changes the host. */
  readonly origins?: readonly string[] | undefined
  /** Folder of the built pages; null: the API alone. */
  readonly webRoot: string | null
  /** Opens the set-up of the first administrator while there is no user. */
  readonly setupCode: string | null
  readonly version: string
  readonly metrics: Metrics
  readonly log: LogSink
  /** Hub wall time, ms. */
  readonly now?: (() => number) | undefined
  readonly rhythm?: Partial<Rhythm> | undefined
}
