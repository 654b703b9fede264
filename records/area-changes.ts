// Areas that are renamed, moved, or go into another. The closure and the words that sites are found by follow in the same
// transaction.
import { sql } from 'kysely'
import { MAX_AREA_LEVELS } from '../contract/http/places.ts'
import { areaPaths } from './areas.ts'
import { LedgerError } from './errors.ts'
import type { AreaChange } from './ledger/places.ts'
import { pinyinText } from './pinyin.ts'
import { siteSearchColumns } from './site-row.ts'
import { chunksOf, MAX_IDS } from './store.ts'
import type { Transacting } from './store.ts'
import type { AreaTable } from './tables.ts'

export async function areaOrThrow(trx: Transacting, id: string): Promise<AreaTable> {
  const area = await trx.selectFrom('area').selectAll().where('id', '=', id).where('merged', '=', 0).executeTakeFirst()
  if (area === undefined) throw new LedgerError('not_found', { zh: '没有这个区域。', en: 'There is no such area.' })
  return area
}

export async function changeArea(trx: Transacting, id: string, change: AreaChange): Promise<void> {
  const area = await areaOrThrow(trx, id)
  const name = change.name ?? area.name
  const parentId = change.parentId === undefined ? area.parent_id : (change.parentId ?? '')
  await refuseTaken(trx, parentId, name, id)
  if (parentId !== area.parent_id) await move(trx, id, parentId)
  await trx
    .updateTable('area')
    .set({ name, parent_id: parentId, pinyin: pinyinText([name]) })
    .where('id', '=', id)
    .execute()
  await renewSearch(trx, id)
}

export async function mergeAreas(trx: Transacting, id: string, into: string): Promise<void> {
  await areaOrThrow(trx, id)
  await areaOrThrow(trx, into)
  await refuseInside(trx, id, into)
  const inner = await trx
    .selectFrom('area')
    .select(['id', 'name'])
    .where('parent_id', '=', id)
    .where('merged', '=', 0)
    .execute()
  for (const child of inner) {
    await refuseTaken(trx, into, child.name, child.id)
    await move(trx, child.id, into)
    await trx.updateTable('area').set({ parent_id: into }).where('id', '=', child.id).execute()
  }
  await refuseSitesOfOneName(trx, id, into)
  await trx.updateTable('site').set({ area_id: into }).where('area_id', '=', id).execute()
  await moveQuotas(trx, id, into)
  // What happened in it keeps its place: below the area that it went into.
  await move(trx, id, into, 0)
  await trx.updateTable('area').set({ parent_id: into, name: id, merged: 1 }).where('id', '=', id).execute()
  await moveScopes(trx, id, into)
  await renewSearch(trx, into)
}

/** Hangs an area and all below it under another parent ('' is the top). */
async function move(trx: Transacting, id: string, parentId: string, levels = MAX_AREA_LEVELS): Promise<void> {
  const parents =
    parentId === ''
      ? []
      : await trx.selectFrom('area_closure').selectAll().where('area_id', '=', parentId).orderBy('depth').execute()
  if (parentId !== '') {
    await areaOrThrow(trx, parentId)
    await refuseInside(trx, id, parentId)
  }
  const below = await trx
    .selectFrom('area_closure')
    .select(['area_id', 'depth'])
    .where('ancestor_id', '=', id)
    .execute()
  const deepest = Math.max(...below.map((area) => area.depth))
  if (levels > 0 && parents.length + deepest + 1 > levels)
    throw new LedgerError(
      'refused',
      {
        zh: `区域最多 ${levels} 级，移到那里会超过。`,
        en: `Areas have at most ${levels} levels; there it would have more.`,
      },
      { reason: 'too_deep' },
    )
  const inside = below.map((area) => area.area_id)
  for (const ids of chunksOf(inside, MAX_IDS)) {
    await trx
      .deleteFrom('area_closure')
      .where('area_id', 'in', ids)
      .where('ancestor_id', 'not in', trx.selectFrom('area_closure').select('area_id').where('ancestor_id', '=', id))
      .execute()
  }
  for (const parent of parents) {
    await sql`insert into area_closure (ancestor_id, area_id, depth)
      select ${parent.ancestor_id}, area_id, depth + ${parent.depth + 1} from area_closure where ancestor_id = ${id}`.execute(
      trx,
    )
  }
}

async function refuseInside(trx: Transacting, id: string, target: string): Promise<void> {
  const inside = await trx
    .selectFrom('area_closure')
    .select('area_id')
    .where('ancestor_id', '=', id)
    .where('area_id', '=', target)
    .executeTakeFirst()
  if (inside === undefined) return
  const text = {
    zh: '不能移入或并入它自己或其下级区域。',
    en: 'An area cannot go into itself or into an area below it.',
  }
  throw new LedgerError('refused', text, { reason: 'inside_itself' })
}

async function refuseTaken(trx: Transacting, parentId: string, name: string, ownId: string): Promise<void> {
  const same = await trx
    .selectFrom('area')
    .select('id')
    .where('parent_id', '=', parentId)
    .where('name', '=', name)
    .executeTakeFirst()
  if (same === undefined || same.id === ownId) return
  const text = {
    zh: `那里已有名为“${name}”的区域。可先改名，或把两个区域合并。`,
    en: `There is already an area named “${name}” there. Rename one, or merge the two.`,
  }
  throw new LedgerError('exists', text, { field: 'name', areaId: same.id })
}

async function refuseSitesOfOneName(trx: Transacting, id: string, into: string): Promise<void> {
  const same = await trx
    .selectFrom('site')
    .innerJoin('site as other', 'other.name', 'site.name')
    .select('site.name')
    .where('site.area_id', '=', id)
    .where('other.area_id', '=', into)
    .orderBy('site.name')
    .executeTakeFirst()
  if (same === undefined) return
  const text = {
    zh: `两个区域都有名为“${same.name}”的场所，请先改名再合并。`,
    en: `Both areas have a site named “${same.name}”; rename one first.`,
  }
  throw new LedgerError('exists', text, { field: 'into' })
}

/** What both owed together the one owes. */
async function moveQuotas(trx: Transacting, id: string, into: string): Promise<void> {
  const owed = await trx.selectFrom('quota').selectAll().where('area_id', '=', id).execute()
  for (const quota of owed)
    await trx
      .insertInto('quota')
      .values({ ...quota, area_id: into })
      .onConflict((conflict) =>
        conflict
          .columns(['area_id', 'year', 'kind'])
          .doUpdateSet((eb) => ({ target: eb('quota.target', '+', quota.target) })),
      )
      .execute()
  await trx.deleteFrom('quota').where('area_id', '=', id).execute()
}

/** Whoever looks after the area looks after the one that it went into. */
async function moveScopes(trx: Transacting, id: string, into: string): Promise<void> {
  const users = await trx.selectFrom('app_user').select(['id', 'areas']).where('areas', 'like', `%"${id}"%`).execute()
  for (const user of users) {
    const areas = (JSON.parse(user.areas) as string[]).map((area) => (area === id ? into : area))
    await trx
      .updateTable('app_user')
      .set({ areas: JSON.stringify([...new Set(areas)]) })
      .where('id', '=', user.id)
      .execute()
  }
}

/** Sites are found by the names of the areas around them. */
async function renewSearch(trx: Transacting, id: string): Promise<void> {
  const sites = await trx
    .selectFrom('site')
    .innerJoin('area_closure', 'area_closure.area_id', 'site.area_id')
    .select(['site.id', 'site.name', 'site.area_id'])
    .where('area_closure.ancestor_id', '=', id)
    .execute()
  const paths = await areaPaths(
    trx,
    sites.map((site) => site.area_id),
  )
  for (const site of sites)
    await trx
      .updateTable('site')
      .set(siteSearchColumns(paths.get(site.area_id)?.names ?? [], site.name))
      .where('id', '=', site.id)
      .execute()
}
