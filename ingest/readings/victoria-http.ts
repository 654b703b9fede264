// VictoriaMetrics' own API: questions in MetricsQL, raw samples, flags, counters of its process, snapshots.
import { unavailable } from './unavailable.ts'

/** One series of an answer: its labels, and pairs of (time in ms, value). */
export interface AnsweredSeries {
  readonly labels: Readonly<Record<string, string>>
  readonly samples: readonly (readonly [ts: number, value: number])[]
}

interface QueryAnswer {
  readonly status: string
  readonly error?: string
  readonly data?: {
    readonly resultType: string
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>
      readonly value?: readonly [number, string]
      readonly values?: readonly (readonly [number, string])[]
    }[]
  }
}

interface ExportedSeries {
  readonly metric: Readonly<Record<string, string>>
  readonly values: readonly number[]
  readonly timestamps: readonly number[]
}

/** A string of MetricsQL; its escapes are those of JSON. */
export const quoted = (text: string): string => JSON.stringify(text)

/** ms as the seconds that the API takes. */
const seconds = (ms: number): string => (ms / 1000).toFixed(3)

export class VictoriaHttp {
  readonly #base: string
  readonly #timeoutMs: number

  constructor(url: string, timeoutMs: number) {
    this.#base = url.replace(/\/+$/, '')
    this.#timeoutMs = timeoutMs
  }

  async get(path: string): Promise<string> {
    return this.#ask(path, { method: 'GET' })
  }

  /** At one moment, `at` ms. */
  query(query: string, at: number): Promise<AnsweredSeries[]> {
    return this.#evaluate('/api/v1/query', { query, time: seconds(at) })
  }

  /** At `from`, `from + step`, … ≤ `to`, ms. */
  queryRange(query: string, from: number, to: number, step: number): Promise<AnsweredSeries[]> {
    return this.#evaluate('/api/v1/query_range', { query, start: seconds(from), end: seconds(to), step: `${step}ms` })
  }

  /** Raw samples over [from, to), ms. */
  async export(selector: string, from: number, to: number): Promise<AnsweredSeries[]> {
    const text = await this.#post('/api/v1/export', {
      'match[]': selector,
      start: seconds(from),
      end: seconds(to - 1),
    })
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const { metric, values, timestamps } = JSON.parse(line) as ExportedSeries
        return { labels: metric, samples: timestamps.map((ts, index) => [ts, values[index] ?? NaN] as const) }
      })
  }

  /** `nocache`: bounds are taken as they are given, not rounded to the step. */
  async #evaluate(path: string, form: Record<string, string>): Promise<AnsweredSeries[]> {
    const answer = JSON.parse(await this.#post(path, { ...form, nocache: '1' })) as QueryAnswer
    return (answer.data?.result ?? []).map(({ metric, value, values }) => ({
      labels: metric,
      samples: (values ?? (value ? [value] : [])).map(([at, said]) => [Math.round(at * 1000), Number(said)] as const),
    }))
  }

  #post(path: string, form: Record<string, string>): Promise<string> {
    return this.#ask(path, { method: 'POST', body: new URLSearchParams(form) })
  }

  async #ask(path: string, init: RequestInit): Promise<string> {
    let status: number
    let body: string
    try {
      const answer = await fetch(this.#base + path, { ...init, signal: AbortSignal.timeout(this.#timeoutMs) })
      status = answer.status
      body = await answer.text()
    } catch (error) {
      throw Object.assign(
        unavailable(`连不上 VictoriaMetrics（${this.#base}）。`, `VictoriaMetrics at ${this.#base} does not answer.`),
        { cause: error },
      )
    }
    if (status >= 400)
      throw unavailable(
        `VictoriaMetrics 拒绝了请求 ${path}（${status}）：${body.slice(0, 300)}`,
        `VictoriaMetrics refused ${path} (${status}).`,
      )
    return body
  }
}
