// Alarms as lists and details. Their rows are written by the journal alone.
import { sql } from 'kysely'
import type { SelectQueryBuilder } from 'kysely'
import type { Alarm, Transition } from '../contract/alarms.ts'
import type { AlarmDetail } from '../contract/http/alarms.ts'
import type { Page } from '../contract/http/common.ts'
import type { Contact } from '../contract/http/places.ts'
import { alarmsAt, openAlarms, openWithinScope } from './journal-queries.ts'
import { cursorAfter, inOrder, positionOf, sortKey } from './alarm-order.ts'
import type { Position } from './alarm-order.ts'
import type { AlarmFilter, AlarmQuery, Alarms } from './ledger.ts'
import { withinScope } from './scope.ts'
import type { PlaceOfThing, Scope } from './scope.ts'
import { matchesEveryWord } from './search.ts'
import { shownOf } from './shown.ts'
import type { Store } from './store.ts'
import type { Tables } from './tables.ts'

/** An alarm that flapped for weeks shows its newest steps. */
const MAX_TRANSITIONS = 1_000
/** Alarms read at once when all that match are wanted. */
const ALARMS_PER_PAGE = 500

const PLACE = [sql.ref('alarm.site_id'), sql.ref('alarm.area_id')] as const

export class AlarmLists implements Alarms {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  open(scope: Scope): Promise<Alarm[]> {
    return openAlarms(this.#store.read, scope)
  }

  async list(scope: Scope, query: AlarmQuery): Promise<Page<Alarm>> {
    const position = positionOf(query.sort, query.cursor, this.#store.now())
    const db = this.#store.read
    const matching = this.#matching(scope, query)
    const { total } = await matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
    const rows = await rowsAt(matching, position, query.limit + 1)
    const shown = rows.slice(0, query.limit)
    const last = shown.at(-1)
    const next = rows.length > shown.length && last !== undefined ? cursorAfter(position, last) : null
    return { items: await alarmsAt(db, seqsOf(shown)), next, total }
  }

  async *pages(scope: Scope, filter: AlarmFilter): AsyncGenerator<readonly Alarm[]> {
    const matching = this.#matching(scope, filter)
    let position = positionOf('newest', undefined, this.#store.now())
    while (true) {
      const rows = await rowsAt(matching, position, ALARMS_PER_PAGE)
      if (rows.length > 0) yield await alarmsAt(this.#store.read, seqsOf(rows))
      const last = rows.at(-1)
      if (last === undefined || rows.length < ALARMS_PER_PAGE) return
      position = { ...position, after: { key: last.key, raisedAt: last.raised_at, id: last.id } }
    }
  }

  #matching(scope: Scope, filter: AlarmFilter): FromAlarm {
    const visible = filter.open === true ? openWithinScope(scope) : withinScope(scope, ...PLACE)
    return narrowed(this.#store.read.selectFrom('alarm'), filter).where(visible)
  }

  async get(scope: Scope, id: string): Promise<AlarmDetail | null> {
    const row = await this.#store.read
      .selectFrom('alarm')
      .innerJoin('transition', 'transition.seq', 'alarm.seq')
      .leftJoin('site', 'site.id', 'alarm.site_id')
      .select(['transition.body', 'site.contacts'])
      .where('alarm.id', '=', id)
      .where(withinScope(scope, ...PLACE))
      .executeTakeFirst()
    if (row === undefined) return null
    // A device may have moved: a step taken elsewhere is seen by those who saw it there.
    const steps = await this.#store.read
      .selectFrom('transition')
      .select(['seq', 'body'])
      .where('alarm_id', '=', id)
      .where(withinScope(scope, sql.ref('transition.site_id'), sql.ref('transition.area_id')))
      .orderBy('seq', 'desc')
      .limit(MAX_TRANSITIONS)
      .execute()
    const contacts = row.contacts === null ? [] : (JSON.parse(row.contacts) as Contact[])
    return {
      ...(JSON.parse(row.body) as Transition).alarm,
      transitions: steps.map((step) => stepOf(step.body)).toReversed(),
      contacts,
      shown: await shownOf(
        this.#store.read,
        steps.map((step) => step.seq),
      ),
    }
  }

  async place(scope: Scope, id: string): Promise<PlaceOfThing | null> {
    const rows = await this.#store.read
      .selectFrom('alarm')
      .leftJoin('area_closure', 'area_closure.area_id', 'alarm.area_id')
      .select(['alarm.site_id', 'area_closure.ancestor_id'])
      .where('alarm.id', '=', id)
      .where(withinScope(scope, ...PLACE))
      .orderBy('area_closure.depth', 'desc')
      .execute()
    if (rows[0] === undefined) return null
    return { siteId: rows[0].site_id, areaIds: rows.flatMap((row) => row.ancestor_id ?? []) }
  }
}

type FromAlarm = SelectQueryBuilder<Tables, 'alarm', object>

interface ListedRow {
  readonly id: string
  readonly raised_at: number
  readonly seq: number
  readonly key: number
}

function rowsAt(matching: FromAlarm, position: Position, limit: number): Promise<ListedRow[]> {
  return inOrder(matching, position)
    .select(['alarm.id', 'alarm.raised_at', 'alarm.seq', sortKey(position).as('key')])
    .limit(limit)
    .execute()
}

const seqsOf = (rows: readonly ListedRow[]): number[] => rows.map((row) => row.seq)

function narrowed(from: FromAlarm, filter: AlarmFilter): FromAlarm {
  let alarms = from
  if (filter.open === true) alarms = alarms.where('closed_at', 'is', null)
  if (filter.open === false) alarms = alarms.where('closed_at', 'is not', null)
  if (filter.priority !== undefined) alarms = alarms.where('priority', '=', filter.priority)
  if (filter.category !== undefined) alarms = alarms.where('category', '=', filter.category)
  if (filter.kind !== undefined) alarms = alarms.where('kind', '=', filter.kind)
  if (filter.verdict === 'none') alarms = alarms.where('verdict', 'is', null)
  else if (filter.verdict !== undefined) alarms = alarms.where('verdict', '=', filter.verdict)
  // A place that is asked for is a scope within the scope.
  if (filter.areaId !== undefined)
    alarms = alarms.where(withinScope({ all: false, siteIds: [], areaIds: [filter.areaId] }, ...PLACE))
  if (filter.siteId !== undefined) alarms = alarms.where('site_id', '=', filter.siteId)
  if (filter.deviceId !== undefined) alarms = alarms.where('device_id', '=', filter.deviceId)
  if (filter.from !== undefined) alarms = alarms.where('raised_at', '>=', filter.from)
  if (filter.to !== undefined) alarms = alarms.where('raised_at', '<', filter.to)
  if (filter.q !== undefined) alarms = alarms.where(matchesEveryWord(filter.q, ['alarm.search']))
  return alarms
}

function stepOf(body: string): AlarmDetail['transitions'][number] {
  const { alarm, ...step } = JSON.parse(body) as Transition
  const { level, priority, condition, value, verdict, verdictCause } = alarm
  const judged = verdictCause === undefined ? { verdict } : { verdict, verdictCause }
  return { ...step, level, priority, condition, value, ...judged }
}
