// Alarms as lists and details. Their rows are written by the journal alone.
import { sql } from 'kysely'
import type { SelectQueryBuilder } from 'kysely'
import type { Alarm, Transition } from '../contract/alarms.ts'
import type { AlarmDetail } from '../contract/http/alarms.ts'
import type { Page } from '../contract/http/common.ts'
import type { Contact } from '../contract/http/places.ts'
import { alarmsAt, openAlarms, openWithinScope } from './journal-queries.ts'
import type { AlarmQuery, Alarms } from './ledger.ts'
import { decodeCursor, pageOfRows } from './page.ts'
import { withinScope } from './scope.ts'
import type { Scope } from './scope.ts'
import type { Store } from './store.ts'
import type { Tables } from './tables.ts'

/** An alarm that flapped for weeks shows its newest steps. */
const MAX_TRANSITIONS = 1_000

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
    const before = decodeCursor(query.cursor, 'number', 'string')
    const db = this.#store.read
    const visible = query.open === true ? openWithinScope(scope) : withinScope(scope, ...PLACE)
    const matching = narrowed(db.selectFrom('alarm'), query).where(visible)
    const { total } = await matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
    let page = matching.select(['id', 'raised_at', 'seq']).orderBy('raised_at', 'desc').orderBy('id', 'desc')
    if (before !== null) page = page.where((eb) => eb(eb.refTuple('raised_at', 'id'), '<', eb.tuple(...before)))
    const rows = await page.limit(query.limit + 1).execute()
    const { items: seqs, next } = pageOfRows(
      rows,
      query.limit,
      total,
      (row) => [row.raised_at, row.id],
      (row) => row.seq,
    )
    return { items: await alarmsAt(db, seqs), next, total }
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
      .select('body')
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
    }
  }
}

type FromAlarm = SelectQueryBuilder<Tables, 'alarm', object>

function narrowed(from: FromAlarm, query: AlarmQuery): FromAlarm {
  let alarms = from
  if (query.open === true) alarms = alarms.where('closed_at', 'is', null)
  if (query.open === false) alarms = alarms.where('closed_at', 'is not', null)
  if (query.priority !== undefined) alarms = alarms.where('priority', '=', query.priority)
  if (query.siteId !== undefined) alarms = alarms.where('site_id', '=', query.siteId)
  if (query.deviceId !== undefined) alarms = alarms.where('device_id', '=', query.deviceId)
  if (query.from !== undefined) alarms = alarms.where('raised_at', '>=', query.from)
  if (query.to !== undefined) alarms = alarms.where('raised_at', '<', query.to)
  return alarms
}

function stepOf(body: string): AlarmDetail['transitions'][number] {
  const { alarm, ...step } = JSON.parse(body) as Transition
  const { level, priority, condition, value } = alarm
  return { ...step, level, priority, condition, value }
}
