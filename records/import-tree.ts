// The tree of areas in memory while an import works on it: what is missing is made at once, and written in a few statements.
import { MAX_AREA_LEVELS } from '../contract/http/places.ts'
import { pinyinText } from './pinyin.ts'
import { chunksOf, newId, ROWS_PER_INSERT } from './store.ts'
import type { Transacting } from './store.ts'
import type { AreaClosureTable, AreaTable } from './tables.ts'

export interface KnownArea {
  readonly id: string
  readonly names: readonly string[]
  readonly ids: readonly string[]
}

/** The names of a path as they are kept; null where it is none. */
export function namesOfPath(path: string): string[] | null {
  const names = path.split('/').map((name) => name.trim())
  const fits = names.length <= MAX_AREA_LEVELS && names.every((name) => name !== '' && name.length <= 60)
  return fits ? names : null
}

export class ImportedTree {
  readonly #byPath = new Map<string, KnownArea>()
  readonly #areas: AreaTable[] = []
  readonly #closure: AreaClosureTable[] = []
  readonly #now: number

  private constructor(now: number) {
    this.#now = now
  }

  static async read(trx: Transacting, now: number): Promise<ImportedTree> {
    const tree = new ImportedTree(now)
    const rows = await trx.selectFrom('area').selectAll().where('merged', '=', 0).execute()
    const byId = new Map(rows.map((row) => [row.id, row]))
    for (const row of rows) {
      const ids: string[] = []
      const names: string[] = []
      for (let at: AreaTable | undefined = row; at !== undefined; at = byId.get(at.parent_id)) {
        ids.unshift(at.id)
        names.unshift(at.name)
      }
      tree.#byPath.set(keyOf(names), { id: row.id, ids, names })
    }
    return tree
  }

  find(names: readonly string[]): KnownArea | undefined {
    return this.#byPath.get(keyOf(names))
  }

  ensure(names: readonly string[]): KnownArea {
    const known = this.find(names)
    if (known !== undefined) return known
    const parent = names.length > 1 ? this.ensure(names.slice(0, -1)) : null
    const id = newId()
    const name = names.at(-1) ?? ''
    const area: KnownArea = { id, names, ids: [...(parent?.ids ?? []), id] }
    this.#byPath.set(keyOf(names), area)
    const row = { id, parent_id: parent?.id ?? '', name, pinyin: pinyinText([name]), created_at: this.#now, merged: 0 }
    this.#areas.push(row)
    area.ids.forEach((ancestor, i) =>
      this.#closure.push({ ancestor_id: ancestor, area_id: id, depth: area.ids.length - 1 - i }),
    )
    return area
  }

  get created(): readonly string[] {
    return this.#areas.map(({ id }) => id)
  }

  async write(trx: Transacting): Promise<void> {
    for (const chunk of chunksOf(this.#areas, ROWS_PER_INSERT)) await trx.insertInto('area').values(chunk).execute()
    for (const chunk of chunksOf(this.#closure, ROWS_PER_INSERT))
      await trx.insertInto('area_closure').values(chunk).execute()
  }
}

const keyOf = (names: readonly string[]): string => names.join('/')
