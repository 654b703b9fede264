// Readings and events of devices from one store into another, and the proof that they are there. What was moved is written
// again without harm, so an interrupted move needs no more than a rough mark.
import { createHash } from 'node:crypto'
import type { ReadingQueries, RemoteStore, StoredEvent, StoredReading } from './port.ts'
import { dayOf, dayStart } from './schema.ts'

export interface MovingDevice {
  readonly id: string
  readonly kind: string
}

/** How far each device has come, ms: whole days before it are in the target. */
export interface MoveMarks {
  reached(deviceId: string): Promise<number>
  reach(deviceId: string, until: number): Promise<void>
}

export interface ReadingMove {
  readonly source: ReadingQueries
  readonly target: Pick<RemoteStore, 'append' | 'export' | 'events'>
  readonly device: MovingDevice
  /** Sample times end before, ms. */
  readonly to: number
}

/** Readings of one append: a store of another machine makes each of them wait for its disk. */
const READINGS_AT_ONCE = 20_000
/** Events of one question. */
const EVENTS_AT_ONCE = 5_000
/** Digits that every store keeps of a value; meters tell five at most. */
const DIGITS = 12

/** Resolves with what was written now: a device that is there already costs one look at its mark. */
export async function moveDevice(
  { source, target, device, to }: ReadingMove,
  marks: MoveMarks,
): Promise<{ readings: number; events: number }> {
  const from = await marks.reached(device.id)
  if (from >= to) return { readings: 0, events: 0 }
  let readings = 0
  let batch: StoredReading[] = []
  for await (const reading of source.export({ deviceId: device.id, kind: device.kind, from, to })) {
    const day = dayOf(reading.ts)
    const before = batch.at(-1)
    if (batch.length >= READINGS_AT_ONCE && before !== undefined && dayOf(before.ts) !== day) {
      await target.append(batch)
      await marks.reach(device.id, dayStart(day))
      batch = []
    }
    batch.push(reading)
    readings += 1
  }
  if (batch.length > 0) await target.append(batch)
  let events = 0
  for await (const page of eventsOf(source, device.id, 0, to)) {
    await target.append(page)
    events += page.length
  }
  await marks.reach(device.id, to)
  return { readings, events }
}

/** Every event of [from, to), in pages: an interval with too many of them is looked at in halves. */
async function* eventsOf(
  queries: Pick<ReadingQueries, 'events'>,
  deviceId: string,
  from: number,
  to: number,
): AsyncGenerator<StoredEvent[]> {
  const page = await queries.events({ deviceId, from, to, limit: EVENTS_AT_ONCE })
  if (page.length < EVENTS_AT_ONCE || to - from < 2) {
    if (page.length > 0) yield page
    return
  }
  const middle = Math.floor((from + to) / 2)
  yield* eventsOf(queries, deviceId, from, middle)
  yield* eventsOf(queries, deviceId, middle, to)
}

/** A day of one device on which source and target are not the same. */
export interface DifferingDay {
  readonly deviceId: string
  /** Its first instant in China, ms. */
  readonly day: number
  readonly what: 'readings' | 'events'
  readonly expected: number
  readonly found: number
}

export interface DeviceComparison {
  readonly readings: number
  readonly events: number
  readonly days: number
  readonly differing: readonly DifferingDay[]
}

/** Reads both sides: each day must have as many readings, of the same times and values; events must all be there. */
export async function compareDevice({ source, target, device, to }: ReadingMove): Promise<DeviceComparison> {
  const [ours, theirs] = [await daysOf(source, device, to), await daysOf(target, device, to)]
  const differing: DifferingDay[] = []
  for (const day of new Set([...ours.keys(), ...theirs.keys()])) {
    const [expected, found] = [ours.get(day), theirs.get(day)]
    if (expected?.hash.digest('hex') !== found?.hash.digest('hex'))
      differing.push({
        ...{ deviceId: device.id, day: dayStart(day), what: 'readings' },
        ...{ expected: expected?.count ?? 0, found: found?.count ?? 0 },
      })
  }
  const wanted = await eventWords(source, device.id, to)
  const there = await eventWords(target, device.id, to)
  let events = 0
  const missing = new Map<number, { expected: number; found: number }>()
  for (const [key, { ts, data }] of wanted) {
    events += 1
    const day = dayOf(ts)
    const counts = missing.get(day) ?? { expected: 0, found: 0 }
    counts.expected += 1
    const found = there.get(key)
    // Of several with one time and name a store may keep one.
    if (found !== undefined && [...found.data].some((words) => data.has(words))) counts.found += 1
    missing.set(day, counts)
  }
  for (const [day, { expected, found }] of missing)
    if (found < expected) differing.push({ deviceId: device.id, day: dayStart(day), what: 'events', expected, found })
  return {
    readings: [...ours.values()].reduce((sum, { count }) => sum + count, 0),
    events,
    days: ours.size,
    differing,
  }
}

interface Day {
  count: number
  readonly hash: ReturnType<typeof createHash>
}

async function daysOf(
  queries: Pick<ReadingQueries, 'export'>,
  { id: deviceId, kind }: MovingDevice,
  to: number,
): Promise<Map<number, Day>> {
  const days = new Map<number, Day>()
  for await (const reading of queries.export({ deviceId, kind, from: 0, to })) {
    const number = dayOf(reading.ts)
    let day = days.get(number)
    if (day === undefined) days.set(number, (day = { count: 0, hash: createHash('sha256') }))
    day.count += 1
    day.hash.update(canonical(reading))
  }
  return days
}

function canonical({ ts, quality, receivedAt, values }: StoredReading): string {
  const sorted = Object.entries(values)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([metric, value]) => [metric, Number(value.toPrecision(DIGITS))])
  return JSON.stringify([ts, quality, receivedAt, sorted])
}

/** What each is known by, and what was said under that. */
async function eventWords(
  queries: Pick<ReadingQueries, 'events'>,
  deviceId: string,
  to: number,
): Promise<Map<string, { readonly ts: number; readonly data: Set<string> }>> {
  const words = new Map<string, { ts: number; data: Set<string> }>()
  for await (const page of eventsOf(queries, deviceId, 0, to))
    for (const { type, ts, name, data } of page) {
      const key = `${type} ${ts} ${name}`
      const known = words.get(key) ?? { ts, data: new Set() }
      known.data.add(inOrder(data))
      words.set(key, known)
    }
  return words
}

/** JSON with the members of every object in the order of their names. */
function inOrder(data: unknown): string {
  return JSON.stringify(data, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  )
}
