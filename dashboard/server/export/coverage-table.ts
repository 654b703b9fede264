// The register of coverage as tables for a spreadsheet: Chinese first, English beside it.
import { EXPECTATIONS } from '../../../contract/expectations.ts'
import type { ExpectationId } from '../../../contract/expectations.ts'
import type { MissingSite } from '../../../contract/http/coverage.ts'
import type { KindName } from '../../../contract/kinds/kind.ts'
import { percentText } from '../../../contract/rate.ts'
import { SITE_CATEGORIES } from '../../../contract/site-profile.ts'
import type { CoverageRegister } from '../../../records/ledger/coverage.ts'
import type { Scope } from '../../../records/scope.ts'
import { BYTE_ORDER_MARK, csvRow } from './csv-row.ts'
import type { Cell } from './csv-row.ts'

export interface CoverageTableQuery {
  readonly what: 'missing' | 'towns' | 'installs'
  readonly areaId?: string | undefined
  readonly year: number
  readonly kind: KindName
}

const ROWS_PER_READ = 500

export const coverageTableName = (what: CoverageTableQuery['what'], at: number): string =>
  `zhian-coverage-${what}-${new Date(at).toISOString().slice(0, 10)}.csv`

const labelOf = (id: ExpectationId): string => {
  const { zh, en } = EXPECTATIONS.find((one) => one.id === id)?.label ?? { zh: id, en: id }
  return `${zh} ${en}`
}

export async function coverageTable(
  coverage: CoverageRegister,
  scope: Scope,
  query: CoverageTableQuery,
): Promise<string> {
  const rows = await rowsOf(coverage, scope, query)
  return BYTE_ORDER_MARK + rows.map(csvRow).join('')
}

function rowsOf(coverage: CoverageRegister, scope: Scope, query: CoverageTableQuery): Promise<Cell[][]> {
  switch (query.what) {
    case 'missing':
      return missingRows(coverage, scope, query.areaId)
    case 'towns':
      return townRows(coverage, scope, query.areaId)
    case 'installs':
      return installRows(coverage, scope, query)
  }
}

async function missingRows(coverage: CoverageRegister, scope: Scope, areaId: string | undefined): Promise<Cell[][]> {
  const rows: MissingSite[] = []
  let cursor: string | undefined
  do {
    const page = await coverage.missing(scope, { limit: ROWS_PER_READ, cursor, areaId })
    rows.push(...page.items)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return [
    ['区域 Area', '场所 Site', '类别 Category', '应装 Ought to have', '已登记未上线 Registered, not heard'],
    ...rows.map(({ area, name, category, expectation, registered }) => [
      area.join('/'),
      name,
      category === null ? null : SITE_CATEGORIES[category].zh,
      labelOf(expectation),
      registered ? '是 yes' : null,
    ]),
  ]
}

async function townRows(coverage: CoverageRegister, scope: Scope, areaId: string | undefined): Promise<Cell[][]> {
  const { towns, expectations } = await coverage.figures(scope, { areaId })
  const all = [{ path: ['合计 Total'], expectations }, ...towns]
  return [
    ['镇街 Town', '应装 Ought to have', '应装数 Due', '已装数 Have', '覆盖率 Rate'],
    ...all.flatMap(({ path, expectations: met }) =>
      met
        .filter(({ due }) => due > 0)
        .map(({ id, due, have, rate }) => [path.join('/'), labelOf(id), due, have, percentText(rate)]),
    ),
  ]
}

async function installRows(coverage: CoverageRegister, scope: Scope, query: CoverageTableQuery): Promise<Cell[][]> {
  const { towns, ...total } = await coverage.installs(scope, query.year, query.kind)
  const row = (path: string, one: typeof total | (typeof towns)[number]): Cell[] => [
    path,
    one.total,
    one.installed,
    one.target,
    percentText(one.rate),
  ]
  return [
    ['镇街 Town', '累计 In all', `${query.year} 年安装 Installed`, `${query.year} 年任务 Quota`, '完成率 Rate'],
    row('合计 Total', total),
    ...towns.map((town) => row(town.path.join('/'), town)),
  ]
}
