// A month's electricity by room. Each meter counts for the room it stood in and for the time it stood there: a meter that was
// replaced, moved, or began anew at nought leaves no wrong difference behind.
import { metricOf } from '../../../contract/kinds/table.ts'
import type { KindName } from '../../../contract/kinds/kind.ts'
import type { Meter, MeterSheet } from '../../../contract/http/meters.ts'
import type { Room } from '../../../contract/http/rentals.ts'
import type { RoomStay } from '../../../records/ledger/rentals.ts'
import type { Readings } from '../ports.ts'
import { dayNumber, dayOfMonth, monthSpan } from './month.ts'

/** kWh, cumulative. */
const METRIC = 'energy'
/** Counters are told to 0.01 kWh; sums are written to a tenth of that. */
const THOUSANDTHS = 1_000

export interface SheetQuestion {
  readonly siteId: string
  readonly month: string
  /** Wall time, ms. */
  readonly now: number
  readonly rooms: readonly Pick<Room, 'id' | 'building' | 'floor' | 'name'>[]
  /** Over the month, oldest first. */
  readonly stays: readonly RoomStay[]
}

export async function meterSheet(question: SheetQuestion, readings: Pick<Readings, 'counter'>): Promise<MeterSheet> {
  const { siteId, month, now, rooms, stays } = question
  const span = monthSpan(month)
  const [from, to] = [span.from, Math.max(span.from, Math.min(span.to, now))]
  const meters = Map.groupBy(
    stays.filter(({ kind }) => metricOf(kind as KindName, METRIC) !== undefined),
    ({ roomId }) => roomId,
  )
  const shown: MeterSheet['rooms'] = []
  for (const { id, building, floor, name } of rooms) {
    const own: Meter[] = []
    // One after another: the sheet of a large house must not keep the questions of a duty desk waiting.
    for (const stay of meters.get(id) ?? []) own.push(await meterOf(stay, { from, to }, readings))
    const said = own.flatMap(({ kwh }) => kwh ?? [])
    shown.push({ room: { id, building, floor, name }, kwh: said.length === 0 ? null : total(said), meters: own })
  }
  return { siteId, month, from, to, rooms: shown, kwh: total(shown.flatMap(({ kwh }) => kwh ?? [])) }
}

async function meterOf(
  { deviceId, kind, since, until }: RoomStay,
  month: { readonly from: number; readonly to: number },
  readings: Pick<Readings, 'counter'>,
): Promise<Meter> {
  const from = Math.max(since, month.from)
  const to = Math.max(from, Math.min(until ?? month.to, month.to))
  const run = to > from ? await readings.counter({ deviceId, kind, metric: METRIC, from, to }) : null
  const missing = missingDays(from, to, run?.days ?? [])
  if (run === null) return { deviceId, from, to, first: null, last: null, kwh: null, restarts: 0, missing }
  return {
    deviceId,
    from,
    to,
    first: { at: run.first.ts, kwh: run.first.value },
    last: { at: run.last.ts, kwh: run.last.value },
    kwh: total([run.consumed]),
    restarts: run.falls,
    missing,
  }
}

/** The day it came, the day it went and the day of now count as the others do. */
function missingDays(from: number, to: number, heard: readonly number[]): number[] {
  if (to <= from) return []
  const known = new Set(heard)
  const missing: number[] = []
  for (let day = dayNumber(from); day <= dayNumber(to - 1); day++) if (!known.has(day)) missing.push(dayOfMonth(day))
  return missing
}

const total = (kwh: readonly number[]): number =>
  Math.round(kwh.reduce((sum, one) => sum + one, 0) * THOUSANDTHS) / THOUSANDTHS
