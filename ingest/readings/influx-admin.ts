// InfluxDB's organisation, buckets and tasks, by its HTTP API.
import { HttpError, InfluxDB } from '@influxdata/influxdb-client'
import { bucketsNamed, daysKept, ROLL_FROM_DAYS, ROLL_TO_DAYS, ROLLED } from './influx-buckets.ts'
import type { InfluxBuckets } from './influx-buckets.ts'
import type { RetentionPolicy } from './port.ts'
import { MARKS, QUALITY, RECEIVED_AFTER } from './line-protocol.ts'
import { DAY_MS } from './schema.ts'
import { StoreUnusableError, unavailable } from './unavailable.ts'

interface Organisation {
  readonly id: string
  readonly name: string
}
interface Bucket {
  readonly id: string
  readonly name: string
  readonly retentionRules: readonly { readonly everySeconds: number }[]
}
interface Task {
  readonly id: string
  readonly name: string
  readonly flux: string
  readonly status: string
}

/** Throws StoreUnusableError while the buckets are not there, StoreUnavailableError when the server is not. */
export async function checkBuckets(influx: InfluxDB, org: string, buckets: InfluxBuckets): Promise<void> {
  const missing: string[] = []
  for (const name of Object.values(buckets) as string[]) {
    const found = await ask<{ buckets?: Bucket[] }>(
      influx,
      'GET',
      `/api/v2/buckets?${new URLSearchParams({ org, name })}`,
    )
    if (!found?.buckets?.some((bucket) => bucket.name === name)) missing.push(name)
  }
  if (missing.length > 0)
    throw new StoreUnusableError(
      `InfluxDB 缺少存储桶 ${missing.join('、')}（或令牌看不到它们）：请运行 npm run influx:setup。` +
        ` InfluxDB lacks the buckets ${missing.join(', ')}, or the token does not see them: run npm run influx:setup.`,
    )
}

export interface InfluxSetUp {
  readonly url: string
  readonly token: string
  readonly org: string
  readonly bucket: string
  readonly retention: RetentionPolicy
}

/**
 * Makes what is missing and changes what is different; done again it does nothing. `say` is told each thing that was found or
 * done. The token must be allowed to make buckets and tasks, and the organisation where there is none.
 */
export async function setUpInflux(
  { url, token, org, bucket: name, retention }: InfluxSetUp,
  say: (done: string) => void,
): Promise<void> {
  const influx = new InfluxDB({ url, token })
  const buckets = bucketsNamed(name)
  const orgID = await organisation(influx, org, say)
  const kept = daysKept(retention)
  for (const key of Object.keys(kept) as (keyof InfluxBuckets)[])
    await bucket(influx, { orgID, name: buckets[key], days: kept[key] }, say)
  for (const [level, every] of [
    ['minute', '1m'],
    ['hour', '1h'],
  ] as const) {
    const called = `${buckets[level]} from ${buckets.raw}`
    const flux = rollUpTask({ name: called, every, from: buckets.raw, to: buckets[level] })
    await task(influx, { orgID, name: called, flux }, say)
  }
}

async function organisation(influx: InfluxDB, name: string, say: (done: string) => void): Promise<string> {
  const query = new URLSearchParams({ org: name })
  const found = await ask<{ orgs?: Organisation[] }>(influx, 'GET', `/api/v2/orgs?${query}`)
  const there = found?.orgs?.find((org) => org.name === name)
  if (there !== undefined) {
    say(`organisation ${name}: there`)
    return there.id
  }
  const made = await ask<Organisation>(influx, 'POST', '/api/v2/orgs', { name })
  if (made === null) throw unavailable('组织没有建成。', 'The organisation was not made.')
  say(`organisation ${name}: made`)
  return made.id
}

async function bucket(
  influx: InfluxDB,
  { orgID, name, days }: { orgID: string; name: string; days: number },
  say: (done: string) => void,
): Promise<void> {
  const found = await ask<{ buckets?: Bucket[] }>(
    influx,
    'GET',
    `/api/v2/buckets?${new URLSearchParams({ orgID, name })}`,
  )
  const there = found?.buckets?.find((one) => one.name === name)
  const everySeconds = (days * DAY_MS) / 1000
  const retentionRules = [{ type: 'expire', everySeconds }]
  if (there === undefined) {
    await ask(influx, 'POST', '/api/v2/buckets', { orgID, name, retentionRules })
    say(`bucket ${name}: made, keeps ${days} days`)
  } else if (there.retentionRules[0]?.everySeconds !== everySeconds) {
    await ask(influx, 'PATCH', `/api/v2/buckets/${encodeURIComponent(there.id)}`, { retentionRules })
    say(`bucket ${name}: keeps ${days} days from now on`)
  } else say(`bucket ${name}: there, keeps ${days} days`)
}

async function task(
  influx: InfluxDB,
  { orgID, name, flux }: { orgID: string; name: string; flux: string },
  say: (done: string) => void,
): Promise<void> {
  const found = await ask<{ tasks?: Task[] }>(influx, 'GET', `/api/v2/tasks?${new URLSearchParams({ orgID, name })}`)
  const there = found?.tasks?.find((one) => one.name === name)
  if (there === undefined) {
    await ask(influx, 'POST', '/api/v2/tasks', { orgID, flux, status: 'active' })
    say(`task ${name}: made`)
  } else if (there.flux !== flux || there.status !== 'active') {
    await ask(influx, 'PATCH', `/api/v2/tasks/${encodeURIComponent(there.id)}`, { flux, status: 'active' })
    say(`task ${name}: brought up to date`)
  } else say(`task ${name}: there`)
}

/**
 * Once a night: the days for which nothing late can come any more. Names and durations are the configuration's own, not
 * input; strings are written as JSON, whose escapes Flux knows.
 */
export function rollUpTask(of: { name: string; every: '1m' | '1h'; from: string; to: string }): string {
  const [name, from, to] = [of.name, of.from, of.to].map((text) => JSON.stringify(text))
  const rolled = ROLLED.map(
    (fn) => `values
  |> aggregateWindow(every: ${of.every}, fn: ${fn}, createEmpty: false, timeSrc: "_start")
  |> map(fn: (r) => ({r with _field: r._field + ":${fn}", _value: float(v: r._value)}))
  |> to(bucket: ${to})`,
  )
  return `import "date"

option task = {name: ${name}, every: 1d, offset: 2h}

days = from(bucket: ${from})
  |> range(start: date.truncate(t: -${ROLL_FROM_DAYS}d, unit: 1d), stop: date.truncate(t: -${ROLL_TO_DAYS}d, unit: 1d))

values = days
  |> filter(fn: (r) => r._field !~ /:/ and r._field != "${RECEIVED_AFTER}" and r._field != "${QUALITY}")

${rolled.join('\n\n')}

days
  |> filter(fn: (r) => r._field =~ /:(${MARKS.join('|')})$/)
  |> aggregateWindow(every: ${of.every}, fn: sum, createEmpty: false, timeSrc: "_start")
  |> to(bucket: ${to})
`
}

/** null: there is no such thing. */
async function ask<T>(influx: InfluxDB, method: string, path: string, body?: object): Promise<T | null> {
  try {
    return (await influx.transport.request(path, body, { method })) as T
  } catch (error) {
    if (!(error instanceof HttpError))
      throw Object.assign(unavailable(`连不上 InfluxDB：${(error as Error).message}。`, 'InfluxDB does not answer.'), {
        cause: error,
      })
    if (error.statusCode === 404) return null
    if (error.statusCode === 401 || error.statusCode === 403)
      throw new StoreUnusableError(
        `InfluxDB 不接受 ZHIAN_INFLUX_TOKEN（${error.statusCode} ${path}）。InfluxDB does not accept ZHIAN_INFLUX_TOKEN (${error.statusCode} ${path}).`,
      )
    throw unavailable(`InfluxDB 拒绝了 ${path}：${error.message}。`, `InfluxDB refused ${path}.`)
  }
}
