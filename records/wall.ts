// The command wall's figures and its map. Each figure reads an index of what it counts: open alarms, or the alarms of a day.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { MapDatum, WallFigures } from '../contract/http/wall.ts'
import { HUB_DEVICE_ID } from '../contract/ids.ts'
import type { Category } from '../contract/rules.ts'
import { areaPaths, visibleArea } from './areas.ts'
import { appendAudit } from './audit.ts'
import { LedgerError } from './errors.ts'
import { openWithinScope } from './journal-queries.ts'
import type { Actor } from './ledger.ts'
import type { MapFeature, StoredMap, Town, Wall } from './ledger/wall.ts'
import { withinScope } from './scope.ts'
import type { Scope } from './scope.ts'
import type { Store } from './store.ts'
import type { Tables } from './tables.ts'
import { dayOf, HOUR_MS, sameDayLastYear } from './wall-days.ts'

/** 报警; the rest is 故障 or none of the county's business (upkeep, data). */
const ALARMS: readonly Category[] = ['fire', 'gas', 'electrical', 'security']
/** GB/T 45839: a lost link is a fault of the device. */
const FAULTS: readonly Category[] = ['fault', 'offline']
/** 提示 needs no 接警. */
const LAST_TO_ACK = 3

export class WallRecords implements Wall {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  async towns(scope: Scope): Promise<Town[]> {
    const db = this.#store.read
    const rows = await db
      .selectFrom('area as town')
      .innerJoin('area as top', 'top.id', 'town.parent_id')
      .select(['town.id', 'town.name'])
      .where('top.parent_id', '=', '')
      .where('town.merged', '=', 0)
      .where((eb) =>
        eb.exists(
          eb
            .selectFrom('area_closure')
            .innerJoin('area', 'area.id', 'area_closure.area_id')
            .select('area.id')
            .whereRef('area_closure.ancestor_id', '=', 'town.id')
            .where(visibleArea(scope)),
        ),
      )
      .orderBy('town.created_at')
      .orderBy('town.id')
      .execute()
    const paths = await areaPaths(
      db,
      rows.map((row) => row.id),
    )
    return rows.map(({ id, name }) => ({ id, name, path: [...(paths.get(id)?.names ?? [name])] }))
  }

  async devicesInAlarm(scope: Scope): Promise<{ alarm: number; fault: number }> {
    const worst = sql<number>`max(case when category in (${sql.join([...ALARMS])}) then 2
      when category in (${sql.join([...FAULTS])}) then 1 else 0 end)`
    const rows = await this.#store.read
      .selectFrom((eb) =>
        eb
          .selectFrom('alarm')
          .select(worst.as('worst'))
          .where('closed_at', 'is', null)
          .where('device_id', '<>', HUB_DEVICE_ID)
          .where(openWithinScope(scope))
          .groupBy('device_id')
          .as('device'),
      )
      .select((eb) => ['worst', eb.fn.countAll<number>().as('devices')])
      .groupBy('worst')
      .execute()
    const of = (state: number) => rows.find((row) => row.worst === state)?.devices ?? 0
    return { alarm: of(2), fault: of(1) }
  }

  async raised(scope: Scope, now: number): Promise<Pick<WallFigures, 'raised' | 'hours'>> {
    const db = this.#store.read
    const today = dayOf(now)
    const sinceMidnight = now - today
    const yesterday = dayOf(today - 1)
    const lastYear = sameDayLastYear(today)
    const hours = {
      today: await raisedByHour(db, scope, today, now),
      yesterday: await raisedByHour(db, scope, yesterday, today),
    }
    const raised = {
      today: hours.today.reduce((sum, count) => sum + count, 0),
      yesterday: await raisedBetween(db, scope, yesterday, yesterday + sinceMidnight),
      lastYear: await raisedBetween(db, scope, lastYear, lastYear + sinceMidnight),
    }
    return { raised, hours }
  }

  async ackTimes(scope: Scope, now: number): Promise<WallFigures['ack']> {
    const rows = await alarmsOf(this.#store.read, scope, dayOf(now), now)
      // A device's clock may run ahead of the hub's: an acknowledgement "before" the raise took no time.
      .select(sql<number>`case when acked_at < raised_at then 0 else acked_at - raised_at end`.as('ms'))
      .where('acked_at', 'is not', null)
      .where('priority', '<=', LAST_TO_ACK)
      .orderBy('ms')
      .execute()
    // Nearest rank: a time that somebody really needed.
    const rank = (share: number) => rows[Math.max(0, Math.ceil(rows.length * share) - 1)]?.ms ?? null
    return { count: rows.length, median: rank(0.5), p90: rank(0.9) }
  }

  async map(): Promise<StoredMap | null> {
    return storedMap(this.#store.read)
  }

  putMap(actor: Actor, version: number, datum: MapDatum, features: readonly MapFeature[]): Promise<StoredMap> {
    return this.#store.write(async (trx) => {
      const before = (await storedMap(trx))?.version ?? 0
      if (before !== version) {
        const text = {
          zh: '别人刚换过地图，未保存。请看最新的地图后再换。',
          en: 'Someone has replaced the map since; nothing was saved. Look at the newest first.',
        }
        throw new LedgerError('stale', text, { version: before })
      }
      const now = this.#store.now()
      const row = { version: version + 1, datum, features: JSON.stringify(features), changed_at: now }
      await trx
        .insertInto('wall_map')
        .values({ id: 1, ...row })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute()
      const entry = { actor, action: 'wall.map_changed', subject: 'wall:map', fields: ['datum', 'features'] }
      await appendAudit(trx, now, [entry])
      return { version: version + 1, datum, features }
    })
  }
}

async function storedMap(db: Kysely<Tables>): Promise<StoredMap | null> {
  const row = await db.selectFrom('wall_map').selectAll().executeTakeFirst()
  if (row === undefined) return null
  const { version, datum, features } = row
  return { version, datum: datum as MapDatum, features: JSON.parse(features) as MapFeature[] }
}

/** Raised in [from, to), within the scope. */
function alarmsOf(db: Kysely<Tables>, scope: Scope, from: number, to: number) {
  return db
    .selectFrom('alarm')
    .where('raised_at', '>=', from)
    .where('raised_at', '<', to)
    .where(withinScope(scope, sql.ref('alarm.site_id'), sql.ref('alarm.area_id')))
}

async function raisedBetween(db: Kysely<Tables>, scope: Scope, from: number, to: number): Promise<number> {
  const counted = alarmsOf(db, scope, from, to)
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('category', 'in', ALARMS)
  return (await counted.executeTakeFirstOrThrow()).n
}

async function raisedByHour(db: Kysely<Tables>, scope: Scope, from: number, to: number): Promise<number[]> {
  const hour = sql<number>`(raised_at - ${sql.lit(from)}) / ${sql.lit(HOUR_MS)}`
  const rows = await alarmsOf(db, scope, from, to)
    .select((eb) => [hour.as('hour'), eb.fn.countAll<number>().as('n')])
    .where('category', 'in', ALARMS)
    .groupBy(hour)
    .execute()
  const hours = Array.from({ length: 24 }, () => 0)
  for (const row of rows) hours[row.hour] = row.n
  return hours
}
