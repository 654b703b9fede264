// People of a workbook. A new one is invited: no password passes through anybody's hands. One who is there already is left as
// they are; a row that says otherwise of them is refused, for what they may do is changed one by one.
import type { ImportCounts } from '../contract/http/places-import.ts'
import { rowOf } from '../contract/roles.ts'
import type { AuditEntry } from './audit.ts'
import type { ImportedTree } from './import-tree.ts'
import { namesOfPath } from './import-tree.ts'
import type { PersonRow, PlanProblem } from './ledger/places-import.ts'
import { pinyinText } from './pinyin.ts'
import { newSecret, secretHash } from './secrets.ts'
import { chunksOf, newId, ROWS_PER_INSERT } from './store.ts'
import type { Transacting } from './store.ts'
import type { SiteTable, UserTable } from './tables.ts'
import { NO_PASSWORD } from './users.ts'

export interface PlacesOfPlan {
  readonly tree: ImportedTree
  readonly sites: ReadonlyMap<string, SiteTable>
  readonly keyOf: (areaId: string, name: string) => string
}

export async function importPeople(
  trx: Transacting,
  rows: readonly PersonRow[],
  places: PlacesOfPlan,
  now: number,
  invitedUntil: number,
): Promise<{
  readonly problems: readonly PlanProblem[]
  readonly audit: readonly AuditEntry[]
  readonly counts: ImportCounts
  readonly invitations: readonly { readonly username: string; readonly name: string; readonly code: string }[]
}> {
  const problems: PlanProblem[] = []
  const audit: AuditEntry[] = []
  const invitations: { username: string; name: string; code: string }[] = []
  const fresh: UserTable[] = []
  const hashes: { user_id: string; hash: string; created_at: number; ends_at: number }[] = []
  const known = new Map((await trx.selectFrom('app_user').selectAll().execute()).map((row) => [row.username, row]))
  let unchanged = 0
  for (const row of rows) {
    const wrong = (field: string, message: string) => problems.push({ sheet: 'people', row: row.row, field, message })
    const areas = row.areas.map((path) => places.tree.find(namesOfPath(path) ?? [])?.id)
    const sites = row.sites.map(({ area, name }) => {
      const areaId = places.tree.find(namesOfPath(area) ?? [])?.id
      return areaId === undefined ? undefined : places.sites.get(places.keyOf(areaId, name))?.id
    })
    if (areas.includes(undefined)) wrong('areas', '没有这个区域，请核对或先添加。 There is no such area.')
    if (sites.includes(undefined))
      wrong('sites', '没有这个场所，请写成 区域/场所。 There is no such site; write area/site.')
    if (rowOf(row.role).scope === 'listed' && areas.length + sites.length === 0)
      wrong('areas', '此角色要写明管辖的区域或场所。 This role needs areas or sites to look after.')
    const scope = { areas: JSON.stringify(areas), sites: JSON.stringify(sites) }
    const there = known.get(row.username)
    if (there !== undefined) {
      const same =
        there.name === row.name && there.role === row.role && there.areas === scope.areas && there.sites === scope.sites
      if (same) unchanged += 1
      else
        wrong(
          'username',
          '用户名已被使用，且姓名、角色或管辖范围与表中不同；请在“用户”页逐个修改，或换一个用户名。 The user name is in use with another name, role or scope; change that person on the page of users.',
        )
      continue
    }
    const user: UserTable = {
      id: newId(),
      username: row.username,
      name: row.name,
      role: row.role,
      password_hash: NO_PASSWORD,
      must_change: 0,
      disabled: 0,
      ...scope,
      pinyin: pinyinText([row.name]),
      created_at: now,
    }
    const code = newSecret()
    known.set(user.username, user)
    fresh.push(user)
    hashes.push({ user_id: user.id, hash: secretHash(code), created_at: now, ends_at: invitedUntil })
    invitations.push({ username: user.username, name: user.name, code })
    audit.push(
      { action: 'user.created', subject: `user:${user.id}` },
      { action: 'user.invited', subject: `user:${user.id}` },
    )
  }
  for (const chunk of chunksOf(fresh, ROWS_PER_INSERT)) await trx.insertInto('app_user').values(chunk).execute()
  for (const chunk of chunksOf(hashes, ROWS_PER_INSERT)) await trx.insertInto('invitation').values(chunk).execute()
  return { problems, audit, counts: { created: fresh.length, changed: 0, unchanged }, invitations }
}
