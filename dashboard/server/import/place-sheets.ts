// From the cells of a workbook to a plan for the ledger, or everything that is wrong, each at its cell.
import type { CellIssue, ImportSheet } from '../../../contract/http/places-import.ts'
import type { Role } from '../../../contract/role-names.ts'
import type { Facility, Regime, RiskGrade, SiteCategory } from '../../../contract/site-profile.ts'
import type {
  AreaRow,
  PersonRow,
  PlacesPlan,
  PlanProblem,
  RoomRow,
  SiteRow,
} from '../../../records/ledger/places-import.ts'
import { SHEETS_OF_PLACES, textOfCell } from './place-columns.ts'
import type { SheetOfPlaces } from './place-columns.ts'
import type { RawSheet } from './workbook.ts'

/** Enough to mend a file by; the rest is counted. */
const MAX_ISSUES = 500

/** One row of a sheet: what its cells say, by field. */
interface ReadRow {
  readonly row: number
  readonly cells: ReadonlyMap<string, unknown>
}

interface ReadSheet {
  readonly of: SheetOfPlaces
  readonly name: string
  /** Field → column, from 0. */
  readonly columns: ReadonlyMap<string, number>
  readonly rows: readonly ReadRow[]
}

export class PlaceSheets {
  readonly issues: CellIssue[] = []
  readonly plan: PlacesPlan
  readonly #read = new Map<ImportSheet, ReadSheet>()

  constructor(sheets: readonly RawSheet[]) {
    for (const raw of sheets) {
      const of = sheetNamed(raw.name)
      if (of === undefined) this.#wrong(raw.name, 1, '', UNKNOWN_SHEET)
      else if (this.#read.has(of.key)) this.#wrong(raw.name, 1, '', TWICE)
      else this.#read.set(of.key, this.#readSheet(of, raw))
    }
    if (this.#read.size === 0) this.#wrong('', 1, '', NO_SHEETS)
    this.plan = {
      areas: this.#rows('areas').map(({ row, cells }): AreaRow => ({ row, path: text(cells, 'area') })),
      sites: this.#rows('sites').map((one) => this.#site(one)),
      rooms: this.#rows('rooms').map((one) => roomOf(one)),
      people: this.#rows('people').map((one) => personOf(one)),
    }
    this.#refuseRepeated('people', ({ cells }) => text(cells, 'username'), 'username')
  }

  /** What the ledger found, at the cell where it is. */
  add(problems: readonly PlanProblem[]): void {
    for (const { sheet, row, field, message } of problems) this.#at(sheet, row, field, message)
  }

  #rows(key: ImportSheet): readonly ReadRow[] {
    return this.#read.get(key)?.rows ?? []
  }

  #readSheet(of: SheetOfPlaces, { name, rows }: RawSheet): ReadSheet {
    const columns = new Map<string, number>()
    const [header = []] = rows
    header.forEach((cell, index) => {
      const title = textOfCell(cell).replace(/[*＊\s]+$/u, '')
      if (title === '') return
      const column = of.columns.find(({ field, zh }) => field === title.toLowerCase() || zh === title)
      if (column === undefined) this.#wrong(name, 1, letterOf(index), UNKNOWN_COLUMN)
      else columns.set(column.field, index)
    })
    for (const { field, zh, required } of of.columns)
      if (required && !columns.has(field)) this.#wrong(name, 1, '', `缺少“${zh}”列。 The column ${field} is missing.`)
    const read = rows.slice(1).flatMap((cells, index): ReadRow[] => {
      const row = index + 2
      if (cells.every((cell) => textOfCell(cell) === '')) return []
      return [{ row, cells: this.#readCells(of, name, row, columns, cells.map(textOfCell)) }]
    })
    return { of, name, columns, rows: read }
  }

  #readCells(
    of: SheetOfPlaces,
    name: string,
    row: number,
    columns: ReadonlyMap<string, number>,
    cells: readonly string[],
  ): ReadonlyMap<string, unknown> {
    const values = new Map<string, unknown>()
    for (const { field, required, read } of of.columns) {
      const index = columns.get(field)
      if (index === undefined) continue
      const cell = cells[index] ?? ''
      if (cell === '') {
        if (required) this.#wrong(name, row, letterOf(index), '不能为空。 Must not be empty.')
        continue
      }
      const found = read(cell)
      if ('wrong' in found) this.#wrong(name, row, letterOf(index), found.wrong)
      else values.set(field, found.value)
    }
    return values
  }

  #site({ row, cells }: ReadRow): SiteRow {
    const both = (one: string, other: string) => {
      if (cells.has(one) !== cells.has(other))
        this.#at(
          'sites',
          row,
          cells.has(one) ? other : one,
          '与另一列要同时填写。 Goes with another column: fill in both.',
        )
      return cells.has(one) && cells.has(other)
    }
    const regime = cells.get('regime') as Regime | undefined
    for (const field of ['regime_since', 'regime_until', 'regime_basis'])
      if (cells.has(field) && (regime === undefined || regime === 'normal'))
        this.#at('sites', row, field, '只有监管状态不是“正常”时才填写。 Only for a regime other than normal.')
    const [since, until] = [day(cells, 'regime_since'), day(cells, 'regime_until')]
    if (since !== null && until !== null && until < since)
      this.#at('sites', row, 'regime_until', '早于开始日期。 Before it begins.')
    const insured = ['insurer', 'policy', 'insured_until'].some((field) => cells.has(field))
    if (insured && !cells.has('insurer')) this.#at('sites', row, 'insurer', '请填写保险公司。 The insurer is missing.')
    if (cells.has('contact_role') && !cells.has('contact'))
      this.#at('sites', row, 'contact', '请填写联系人。 The contact is missing.')
    const role = cells.get('contact_role') as string | undefined
    return {
      row,
      area: text(cells, 'area'),
      name: text(cells, 'site'),
      contact: both('contact', 'contact_phone')
        ? { name: text(cells, 'contact'), phone: text(cells, 'contact_phone'), ...(role === undefined ? {} : { role }) }
        : undefined,
      profile: {
        category: cells.get('category') as SiteCategory | undefined,
        risk: cells.get('risk') as RiskGrade | undefined,
        regime: regime && { name: regime, since, until, basis: text(cells, 'regime_basis') },
        responsible: both('responsible', 'responsible_phone')
          ? { name: text(cells, 'responsible'), phone: text(cells, 'responsible_phone') }
          : undefined,
        coordinates: both('lat', 'lon')
          ? { lat: cells.get('lat') as number, lon: cells.get('lon') as number }
          : undefined,
        insurance: insured
          ? { insurer: text(cells, 'insurer'), policy: text(cells, 'policy'), until: day(cells, 'insured_until') }
          : undefined,
        facilities: cells.get('facilities') as Facility[] | undefined,
      },
    }
  }

  #refuseRepeated(key: ImportSheet, of: (row: ReadRow) => string, field: string): void {
    const met = new Map<string, number>()
    for (const row of this.#rows(key)) {
      const first = met.get(of(row))
      if (first === undefined) met.set(of(row), row.row)
      else if (of(row) !== '') this.#at(key, row.row, field, `与第 ${first} 行重复。 The same as in row ${first}.`)
    }
  }

  #at(key: ImportSheet, row: number, field: string, message: string): void {
    const sheet = this.#read.get(key)
    const index = sheet?.columns.get(field)
    this.#wrong(sheet?.name ?? key, row, index === undefined ? '' : letterOf(index), message)
  }

  #wrong(sheet: string, row: number, column: string, message: string): void {
    if (this.issues.length < MAX_ISSUES) this.issues.push({ sheet, row, column, message })
  }
}

const UNKNOWN_SHEET = '不认识的工作表；只能是 区域、场所、房间、人员。 Unknown sheet: only areas, sites, rooms, people.'
const TWICE = '同样的工作表有两张，请合并。 This sheet is there twice; put them together.'
const NO_SHEETS = '没有可导入的工作表；请从模板开始。 Nothing to import; begin with the template.'
const UNKNOWN_COLUMN =
  '不认识的列名，请按模板修改或删除此列。 Unknown column; name it as the template does, or delete it.'

const sheetNamed = (name: string): SheetOfPlaces | undefined =>
  SHEETS_OF_PLACES.find(({ key, zh }) => key === name.trim().toLowerCase() || zh === name.trim())

/** 0 → A, 25 → Z, 26 → AA. */
export function letterOf(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26))
  return index < 26 ? letter : letterOf(Math.floor(index / 26) - 1) + letter
}

const text = (cells: ReadonlyMap<string, unknown>, field: string): string => String(cells.get(field) ?? '')
const day = (cells: ReadonlyMap<string, unknown>, field: string): string | null =>
  (cells.get(field) as string | undefined) ?? null

/** An empty cell leaves a figure as it is. */
const roomOf = ({ row, cells }: ReadRow): RoomRow => ({
  row,
  area: text(cells, 'area'),
  site: text(cells, 'site'),
  room: {
    building: text(cells, 'building'),
    floor: (cells.get('floor') as number | undefined) ?? 1,
    name: text(cells, 'room'),
    area: cells.get('area_m2') as number | undefined,
    powerLimitW: cells.get('power_limit_w') as number | undefined,
    maxPeople: cells.get('max_people') as number | undefined,
  },
})

const personOf = ({ row, cells }: ReadRow): PersonRow => ({
  row,
  username: text(cells, 'username'),
  name: text(cells, 'name'),
  role: cells.get('role') as Role,
  areas: (cells.get('areas') as string[] | undefined) ?? [],
  sites: ((cells.get('sites') as string[] | undefined) ?? []).map((path) => {
    const cut = path.lastIndexOf('/')
    return { area: path.slice(0, cut), name: path.slice(cut + 1).trim() }
  }),
})
