// An InfluxDB 2 as far as the reading store sees one: line protocol in (gzip, precision), points in memory, Flux out as
// annotated CSV, organisations, buckets and tasks. It is an imitation: what it proves is that the store keeps to the protocol
// as this page reads it, and that no fault of a server or of a network loses or doubles a reading.
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { FluxError, runFlux } from './flux-run.ts'
import type { Cell, Result, Row, Table } from './flux-run.ts'
import { linesOf, parseLine } from './line.ts'
import type { WrittenPoint } from './line.ts'

export interface InfluxTask {
  readonly id: string
  name: string
  flux: string
  status: string
}

interface Series {
  readonly labels: Readonly<Record<string, string>>
  /** ms → value */
  readonly points: Map<number, Cell>
}
interface Bucket {
  readonly id: string
  everySeconds: number
  readonly series: Map<string, Series>
}

/** What befalls the next write. `takes`: its points are kept all the same. */
export type Mishap =
  | { readonly answers: number; readonly retryAfter?: number; readonly takes?: boolean }
  /** The connection breaks: before the body is read to its end, or when everything is done but the answer. */
  | { readonly breaks: 'in the body' | 'before the answer' }
  | { readonly silent: true; readonly takes?: boolean }

export interface ImitatedInflux {
  readonly url: string
  readonly token: string
  readonly org: string
  /** Of writes to come, in order. */
  readonly mishaps: Mishap[]
  /** Scripts that were run, and requests that wrote, since the start. */
  readonly queries: string[]
  readonly writes: { readonly bucket: string; readonly gzip: boolean; readonly lines: number }[]
  readonly buckets: ReadonlyMap<string, { readonly everySeconds: number }>
  readonly tasks: readonly InfluxTask[]
  /** Deletes what the buckets' retention does not keep at `now`. */
  expire(now: number): void
  run(flux: string, now: number): void
  /** Refuses connections; what was acknowledged stays, as a restarted server would have it. */
  stop(): Promise<void>
  restart(): Promise<void>
}

const ORG_ID = 'org-1'

export async function imitateInflux(): Promise<ImitatedInflux> {
  const token = 'a token with "quotes" is none'.replaceAll(/[^a-z]/g, '')
  const buckets = new Map<string, Bucket>()
  const organisations = new Set<string>()
  const tasks: InfluxTask[] = []
  const mishaps: Mishap[] = []
  const queries: string[] = []
  const writes: { bucket: string; gzip: boolean; lines: number }[] = []

  const put = (bucket: Bucket, labels: Readonly<Record<string, string>>, ts: number, value: Cell): void => {
    const id = JSON.stringify(Object.entries(labels).sort())
    let series = bucket.series.get(id)
    if (series === undefined) bucket.series.set(id, (series = { labels, points: new Map() }))
    const [other] = series.points.values()
    if (other !== undefined && typeof other !== typeof value)
      throw new Refusal(422, 'failure writing points to database: partial write: field type conflict dropped=1')
    series.points.set(ts, value)
  }
  const keep = (bucket: Bucket, points: readonly WrittenPoint[]): void => {
    const oldest = bucket.everySeconds === 0 ? -Infinity : Date.now() - bucket.everySeconds * 1000
    const kept = points.filter(({ ts }) => ts >= oldest)
    for (const { measurement, tags, fields, ts } of kept)
      for (const [field, value] of fields)
        put(bucket, { ...Object.fromEntries(tags), _measurement: measurement, _field: field }, ts, value)
    if (kept.length < points.length)
      throw new Refusal(
        422,
        `failure writing points to database: partial write: points beyond retention policy dropped=${points.length - kept.length}`,
      )
  }
  const tablesOf = (bucket: string): Table[] | null => {
    const found = buckets.get(bucket)
    if (found === undefined) return null
    return [...found.series.values()].map(({ labels, points }) => ({
      key: Object.keys(labels),
      rows: [...points]
        .sort(([a], [b]) => a - b)
        .map(([ts, value]): Row => ({ ...labels, _time: new Date(ts), _value: value })),
    }))
  }
  const execute = (flux: string, now: number): Result[] =>
    runFlux(flux, {
      tables: tablesOf,
      now: () => now,
      write(name, rows) {
        const bucket = buckets.get(name)
        if (bucket === undefined) throw new FluxError(`could not find bucket "${name}"`)
        for (const { _time, _value, _start, _stop, ...labels } of rows)
          put(bucket, labels as Record<string, string>, (_time as Date).getTime(), _value as Cell)
      },
    })

  async function write(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void> {
    const mishap = mishaps.shift()
    if (mishap !== undefined && 'breaks' in mishap && mishap.breaks === 'in the body') {
      request.socket.resetAndDestroy()
      return
    }
    const bytes = await bodyOf(request)
    const gzip = request.headers['content-encoding'] === 'gzip'
    const body = (gzip ? gunzipSync(bytes) : bytes).toString('utf8')
    const bucket = buckets.get(query.get('bucket') ?? '')
    if (bucket === undefined || !organisations.has(query.get('org') ?? '')) throw new Refusal(404, 'bucket not found')
    if (query.get('precision') !== 'ms') throw new Refusal(400, 'these tests write milliseconds')
    const lines = linesOf(body)
    const points = lines.map(parseLine)
    const takes = mishap === undefined || 'breaks' in mishap || mishap.takes === true
    if (takes) {
      writes.push({ bucket: query.get('bucket') ?? '', gzip, lines: lines.length })
      keep(bucket, points)
    }
    if (mishap === undefined) response.writeHead(204).end()
    else if ('breaks' in mishap) request.socket.resetAndDestroy()
    else if ('answers' in mishap) {
      const after = mishap.retryAfter === undefined ? {} : { 'retry-after': String(mishap.retryAfter) }
      answer(response, mishap.answers, { code: 'unavailable', message: 'a mishap' }, after)
    }
    // Else it stays silent, and the connection open.
  }

  async function read(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { query } = JSON.parse((await bodyOf(request)).toString('utf8')) as { query: string }
    queries.push(query)
    const text = annotatedCsv(execute(query, Date.now()))
    response.writeHead(200, { 'content-type': 'text/csv; charset=utf-8' }).end(text)
  }

  async function administer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const [, , , things = '', id = ''] = url.pathname.split('/')
    const name = url.searchParams.get('name') ?? ''
    const text = (await bodyOf(request)).toString('utf8')
    const body = (text === '' ? {} : JSON.parse(text)) as {
      name?: string
      flux?: string
      status?: string
      retentionRules?: { everySeconds: number }[]
    }
    const everySeconds = body.retentionRules?.[0]?.everySeconds ?? 0
    switch (`${request.method} ${things}`) {
      case 'GET orgs': {
        const org = url.searchParams.get('org') ?? ''
        if (!organisations.has(org)) throw new Refusal(404, 'organization name not found')
        return answer(response, 200, { orgs: [{ id: ORG_ID, name: org }] })
      }
      case 'POST orgs':
        organisations.add(body.name ?? '')
        return answer(response, 201, { id: ORG_ID, name: body.name })
      case 'GET buckets': {
        const there = buckets.get(name)
        if (there === undefined) return answer(response, 200, { buckets: [] })
        const { everySeconds: seconds } = there
        return answer(response, 200, {
          buckets: [{ id: there.id, name, retentionRules: [{ type: 'expire', everySeconds: seconds }] }],
        })
      }
      case 'POST buckets': {
        if (buckets.has(body.name ?? '')) throw new Refusal(422, 'bucket exists')
        buckets.set(body.name ?? '', { id: `bucket-${buckets.size}`, everySeconds, series: new Map() })
        return answer(response, 201, { id: 'made' })
      }
      case 'PATCH buckets': {
        const there = [...buckets.values()].find((bucket) => bucket.id === id)
        if (there === undefined) throw new Refusal(404, 'bucket not found')
        there.everySeconds = everySeconds
        return answer(response, 200, {})
      }
      case 'GET tasks':
        return answer(response, 200, { tasks: tasks.filter((task) => task.name === name) })
      case 'POST tasks': {
        const flux = body.flux ?? ''
        const [, called = ''] = /option task = \{name: "([^"]+)"/.exec(flux) ?? []
        tasks.push({ id: `task-${tasks.length}`, name: called, flux, status: body.status ?? '' })
        return answer(response, 201, {})
      }
      case 'PATCH tasks': {
        const there = tasks.find((task) => task.id === id)
        if (there === undefined) throw new Refusal(404, 'task not found')
        Object.assign(there, body)
        return answer(response, 200, {})
      }
    }
    throw new Refusal(404, 'path not found')
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost')
    try {
      if (request.headers.authorization !== `Token ${token}`) throw new Refusal(401, 'unauthorized access')
      if (url.pathname === '/api/v2/write') await write(request, response, url.searchParams)
      else if (url.pathname === '/api/v2/query') await read(request, response)
      else await administer(request, response, url)
    } catch (error) {
      const status =
        error instanceof Refusal ? error.status : error instanceof SyntaxError || error instanceof FluxError ? 400 : 500
      answer(response, status, { code: 'invalid', message: (error as Error).message })
    }
  }

  let port = 0
  let server = createServer()
  const listen = async (): Promise<void> => {
    server = createServer((request, response) => void handle(request, response).catch(() => request.socket.destroy()))
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  }
  await listen()

  return {
    url: `http://127.0.0.1:${port}`,
    token,
    org: 'zhian',
    mishaps,
    queries,
    writes,
    buckets,
    tasks,
    expire(now) {
      for (const bucket of buckets.values())
        for (const { points } of bucket.series.values())
          for (const ts of points.keys()) if (ts < now - bucket.everySeconds * 1000) points.delete(ts)
    },
    run: (flux, now) => void execute(flux, now),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
    restart: listen,
  }
}

class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

function answer(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

/** Every table under a header of its own. */
function annotatedCsv(results: readonly Result[]): string {
  const blocks: string[] = []
  for (const { name, tables } of results) {
    tables.forEach(({ key, rows }, index) => {
      const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
      const typeOf = (column: string): string => {
        const cell = rows.find((row) => row[column] !== undefined)?.[column]
        return cell instanceof Date ? 'dateTime:RFC3339' : typeof cell === 'number' ? 'double' : 'string'
      }
      const text = (cell: Cell | undefined): string =>
        cell === undefined ? '' : quoted(cell instanceof Date ? cell.toISOString() : String(cell))
      blocks.push(
        [
          ['#datatype', 'string', 'long', ...columns.map(typeOf)],
          ['#group', 'false', 'false', ...columns.map((column) => String(key.includes(column)))],
          ['#default', name, '', ...columns.map(() => '')],
          ['', 'result', 'table', ...columns],
          ...rows.map((row) => ['', '', String(index), ...columns.map((column) => text(row[column]))]),
        ]
          .map((cells) => `${cells.join(',')}\r\n`)
          .join(''),
      )
    })
  }
  return blocks.join('\r\n')
}

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
