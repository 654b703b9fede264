// Questions to InfluxDB in Flux. Whatever comes from outside goes in as a parameter, which the client escapes.
import { flux, HttpError } from '@influxdata/influxdb-client'
import type { ParameterizedQuery, QueryApi } from '@influxdata/influxdb-client'
import { unavailable } from './unavailable.ts'

/** One row of an answer: `result` is the name it was yielded under. */
export type FluxRow = Readonly<Record<string, unknown>>

/** Parts that are whole statements, one behind the other. */
export const script = (parts: readonly ParameterizedQuery[]): string => parts.join('\n')

/** What was measured by one device over [from, to), ms. */
export function samples(of: {
  bucket: string
  kind: string
  deviceId: string
  from: number
  to: number
}): ParameterizedQuery {
  const [start, stop] = [new Date(Math.max(0, of.from)), new Date(Math.max(1, of.to))]
  return flux`from(bucket: ${of.bucket})
  |> range(start: ${start}, stop: ${stop})
  |> filter(fn: (r) => r._measurement == ${of.kind} and r.device == ${of.deviceId})`
}

export async function* rows(api: QueryApi, query: ParameterizedQuery | string): AsyncGenerator<FluxRow> {
  try {
    for await (const { values, tableMeta } of api.iterateRows(query)) {
      const row = tableMeta.toObject(values) as FluxRow
      // What fails in the middle of an answer is told in a table of its own.
      if (typeof row['error'] === 'string') throw new Error(row['error'])
      yield row
    }
  } catch (error) {
    const said = error instanceof HttpError ? `${error.statusCode} ${error.message}` : (error as Error).message
    throw Object.assign(unavailable(`InfluxDB 没有回答：${said}。`, `InfluxDB did not answer: ${said}`), {
      cause: error,
    })
  }
}

export async function allRows(api: QueryApi, query: ParameterizedQuery | string): Promise<FluxRow[]> {
  return Array.fromAsync(rows(api, query))
}

export const timeOf = (row: FluxRow): number => Date.parse(String(row['_time']))
export const valueOf = (row: FluxRow): number => Number(row['_value'])
