// Writes lines over HTTP by InfluxDB's client. Its own buffer and retries are not used: they resolve before anything is
// written. Here a write resolves when the server has answered that it took every line, and rejects otherwise; a group is
// tried again, with growing pauses, while the fault is one that passes.
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'
import { HttpError, InfluxDB, setLogger } from '@influxdata/influxdb-client'
import { StoreUnavailableError, StoreUnusableError, unavailable } from './unavailable.ts'

export interface LineWriterOptions {
  readonly url: string
  readonly token?: string
  /** Of the client's write API: InfluxDB's organisation and bucket. */
  readonly org: string
  readonly bucket: string
  /** Another path than InfluxDB 2's, with its query. */
  readonly path?: string
  /** A server that says nothing for so long is away, ms. */
  readonly timeoutMs: number
  /** How long a group is tried, ms. */
  readonly patienceMs: number
}

/** Lines in one request, and requests at a time. */
const LINES = 5_000
const AT_ONCE = 3
/** Pauses between tries, ms: doubled each time, a random part of it, so that many hubs do not come back in step. */
const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 5_000

// The client prints what it is told about as well.
setLogger({ error: () => undefined, warn: () => undefined })

export class LineWriter {
  readonly influx: InfluxDB
  readonly #options: LineWriterOptions
  readonly #agent: HttpAgent | HttpsAgent

  constructor(options: LineWriterOptions) {
    const { url, token, timeoutMs: timeout } = options
    this.#options = options
    const Agent = new URL(url).protocol === 'https:' ? HttpsAgent : HttpAgent
    this.#agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
    this.influx = new InfluxDB({
      url,
      timeout,
      ...(token === undefined ? {} : { token }),
      transportOptions: { agent: this.#agent },
    })
  }

  /** Resolves when the server has taken all of them. */
  async write(lines: readonly string[]): Promise<void> {
    const chunks: (readonly string[])[] = []
    for (let start = 0; start < lines.length; start += LINES) chunks.push(lines.slice(start, start + LINES))
    const hands = Array.from({ length: Math.min(AT_ONCE, chunks.length) }, async () => {
      for (let chunk = chunks.pop(); chunk !== undefined; chunk = chunks.pop()) await this.#send(chunk)
    })
    // All of them are waited for: a request that is still on its way belongs to no later group.
    const failed = (await Promise.allSettled(hands)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }

  /** Does `work` until it succeeds, the fault is one that stays, or patience ends; `stopping` ends it after this try. */
  async persist(work: () => Promise<void>, stopping: AbortSignal): Promise<void> {
    const until = performance.now() + this.#options.patienceMs
    for (let tries = 0; ; tries++) {
      try {
        return await work()
      } catch (error) {
        const wait = pauseAfter(error, tries)
        if (!passes(error) || stopping.aborted || performance.now() + wait > until) throw explained(error)
        // Ends early when the store stops: then it is tried once more, and not again.
        await pause(wait, undefined, { signal: stopping }).catch(() => undefined)
      }
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  async #send(lines: readonly string[]): Promise<void> {
    const { org, bucket, path } = this.#options
    // One write API a request: its buffer never sends by itself, so that `flush` tells of everything.
    const api = this.influx.getWriteApi(org, bucket, 'ms', {
      maxRetries: 0,
      flushInterval: 0,
      batchSize: lines.length + 1,
      maxBatchBytes: Number.MAX_SAFE_INTEGER,
      gzipThreshold: 1_000,
      // A promise of its own keeps the client from trying again and from logging.
      writeFailed: async (error) => {
        throw error
      },
    })
    if (path !== undefined) api.path = path
    api.writeRecords([...lines])
    await api.flush()
  }
}

/** Whether it may be otherwise in a moment. A fault of what was sent stays. */
function passes(error: unknown): boolean {
  if (error instanceof StoreUnusableError) return false
  return !(error instanceof HttpError) || error.statusCode === 429 || error.statusCode >= 500
}

function pauseAfter(error: unknown, tries: number): number {
  const asked = error instanceof HttpError ? Number(error.headers?.['retry-after']) : NaN
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries)
  const own = longest * (0.5 + Math.random() / 2)
  return Number.isFinite(asked) ? Math.max(asked * 1000, own) : own
}

export function explained(error: unknown): Error {
  if (error instanceof StoreUnavailableError || error instanceof StoreUnusableError) return error
  const said = error instanceof Error ? error.message : String(error)
  return Object.assign(unavailable(`时序库没有收下：${said}。`, `The reading store did not take it: ${said}`), {
    cause: error,
  })
}
