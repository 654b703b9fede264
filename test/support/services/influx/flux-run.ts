// Runs parsed Flux over points in memory: streams of tables, as the language describes them, for as many of its functions as
// the reading store uses.
import { durationOf, parseFlux } from './flux-syntax.ts'
import type { Duration, Expression } from './flux-syntax.ts'

export type Cell = string | number | boolean | Date
export type Row = Readonly<Record<string, Cell>>
export interface Table {
  /** Columns whose values all rows share. */
  readonly key: readonly string[]
  readonly rows: readonly Row[]
}
export interface Result {
  readonly name: string
  readonly tables: readonly Table[]
}

export interface Database {
  /** Every series of a bucket, rows in order of time with `_measurement`, `_field`, tags, `_time`, `_value`; null: no such bucket. */
  tables(bucket: string): readonly Table[] | null
  write(bucket: string, rows: readonly Row[]): void
  /** ms */
  now(): number
}

export class FluxError extends Error {}

type Value = Cell | RegExp | Duration | readonly Value[] | { readonly tables: readonly Table[] } | Lambda | Row
interface Lambda {
  readonly parameter: string
  readonly body: Expression
}

const isTables = (value: Value): value is { readonly tables: readonly Table[] } =>
  typeof value === 'object' && 'tables' in value && Array.isArray(value.tables)

export function runFlux(text: string, database: Database): Result[] {
  const names = new Map<string, Value>()
  const results: Result[] = []
  for (const statement of parseFlux(text)) {
    if (statement.is === 'import' || statement.is === 'option') continue
    const value = evaluate(statement.value, { names, database, results })
    if (statement.is === 'assign') names.set(statement.name, value)
    else if (isTables(value) && !endsInYield(statement.value)) results.push({ name: '_result', tables: value.tables })
  }
  // In an order that is none of the script's: by name, as the server gives them.
  return results.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

const endsInYield = (expression: Expression): boolean => expression.is === 'pipe' && expression.to.name === 'yield'

interface Context {
  readonly names: ReadonlyMap<string, Value>
  readonly database: Database
  readonly results: Result[]
}

function evaluate(expression: Expression, context: Context): Value {
  switch (expression.is) {
    case 'literal':
      return expression.value
    case 'name': {
      const value = context.names.get(expression.name)
      // The name of an aggregate stands for itself.
      return value ?? expression.name
    }
    case 'list':
      return expression.items.map((item) => evaluate(item, context))
    case 'function':
      return { parameter: expression.parameter, body: expression.body }
    case 'member': {
      const row = evaluate(expression.of, context) as Row
      return row[expression.name] ?? ''
    }
    case 'record': {
      const base = expression.base === null ? {} : (context.names.get(expression.base) as Row)
      const fields = [...expression.fields].map(([name, value]) => [name, evaluate(value, context) as Cell])
      return { ...base, ...(Object.fromEntries(fields) as Row) }
    }
    case 'binary':
      return binary(expression.operator, evaluate(expression.left, context), () => evaluate(expression.right, context))
    case 'call':
      return call(expression.name, null, given(expression.arguments, context), context)
    case 'pipe': {
      const from = evaluate(expression.from, context)
      if (!isTables(from)) throw new FluxError('only tables are piped')
      return call(expression.to.name, from.tables, given(expression.to.arguments, context), context)
    }
  }
}

type Given = ReadonlyMap<string, Value>

const given = (argumentsOf: ReadonlyMap<string, Expression>, context: Context): Given =>
  new Map([...argumentsOf].map(([name, value]) => [name, evaluate(value, context)]))

function binary(operator: string, left: Value, right: () => Value): Value {
  switch (operator) {
    case 'and':
      return left === true && right() === true
    case 'or':
      return left === true || right() === true
    case '==':
      return left === right()
    case '!=':
      return left !== right()
    case '=~':
      return (right() as RegExp).test(String(left))
    case '!~':
      return !(right() as RegExp).test(String(left))
    case '<':
      return Number(left) < Number(right())
    case '>':
      return Number(left) > Number(right())
    case '+':
      return String(left) + String(right())
  }
  throw new FluxError(`the operator ${operator} is not known here`)
}

function call(name: string, tables: readonly Table[] | null, of: Given, context: Context): Value {
  const lone = LONE[name]
  if (lone !== undefined) return lone(of, context)
  const piped = PIPED[name]
  if (piped === undefined || tables === null) throw new FluxError(`the function ${name} is not known here`)
  return { tables: piped(tables, of, context).filter(({ rows }) => rows.length > 0) }
}

const LONE: Readonly<Record<string, (of: Given, context: Context) => Value>> = {
  duration: (of) => durationOf(of.get('v') as string),
  time: (of) => new Date(of.get('v') as string),
  float: (of) => Number(of.get('v')),
  'strings.containsStr': (of) => (of.get('v') as string).includes(of.get('substr') as string),
  'date.truncate': (of, context) => {
    const unit = (of.get('unit') as Duration).ms
    return new Date(Math.floor(instant(of.get('t'), context) / unit) * unit)
  },
  from: (of, context) => {
    const tables = context.database.tables(of.get('bucket') as string)
    if (tables === null) throw new FluxError(`could not find bucket "${String(of.get('bucket'))}"`)
    return { tables }
  },
}

const instant = (value: Value | undefined, { database }: Context): number =>
  value instanceof Date ? value.getTime() : database.now() + (value as Duration).ms

const timeIn = (row: Row, column: string): number => (row[column] as Date).getTime()
const timeOf = (row: Row): number => timeIn(row, '_time')
const numbers = (rows: readonly Row[]): number[] => rows.map((row) => row['_value'] as number)

const AGGREGATES: Readonly<Record<string, (rows: readonly Row[]) => number>> = {
  min: (rows) => Math.min(...numbers(rows)),
  max: (rows) => Math.max(...numbers(rows)),
  sum: (rows) => numbers(rows).reduce((sum, value) => sum + value, 0),
  count: (rows) => rows.length,
  first: (rows) => numbers(rows)[0] ?? NaN,
  last: (rows) => numbers(rows).at(-1) ?? NaN,
}

/** Rows of one window each; windows are cut by the range. */
function windowsOf({ key, rows }: Table, of: Given): Table[] {
  const every = (of.get('every') as Duration).ms
  const offset = (of.get('offset') as Duration | undefined)?.ms ?? 0
  const groups = Map.groupBy(rows, (row) => Math.floor((timeOf(row) - offset) / every))
  return [...groups].map(([window, inside]) => {
    const [first = {}] = inside
    const start = Math.max(window * every + offset, timeIn(first, '_start'))
    const stop = Math.min((window + 1) * every + offset, timeIn(first, '_stop'))
    return { key, rows: inside.map((row) => ({ ...row, _start: new Date(start), _stop: new Date(stop) })) }
  })
}

function regrouped(rows: readonly Row[], key: readonly string[]): Table[] {
  const groups = Map.groupBy(rows, (row) => JSON.stringify(key.map((column) => row[column])))
  return [...groups.values()].map((inside) => ({ key, rows: inside }))
}

const PIPED: Readonly<Record<string, (tables: readonly Table[], of: Given, context: Context) => readonly Table[]>> = {
  range(tables, of, context) {
    const [start, stop] = [instant(of.get('start'), context), instant(of.get('stop'), context)]
    if (start >= stop) throw new FluxError('cannot query an empty range')
    return tables.map(({ key, rows }) => ({
      key: [...key, '_start', '_stop'],
      rows: rows
        .filter((row) => timeOf(row) >= start && timeOf(row) < stop)
        .map((row) => ({ ...row, _start: new Date(start), _stop: new Date(stop) })),
    }))
  },
  filter(tables, of, context) {
    const { parameter, body } = of.get('fn') as Lambda
    const passes = (row: Row): boolean =>
      evaluate(body, { ...context, names: new Map([...context.names, [parameter, row]]) }) === true
    return tables.map(({ key, rows }) => ({ key, rows: rows.filter(passes) }))
  },
  aggregateWindow(tables, of) {
    if (of.get('createEmpty') !== false || of.get('timeSrc') !== '_start')
      throw new FluxError('only windows with samples, and at their start, are known here')
    const aggregate = AGGREGATES[of.get('fn') as string]
    if (aggregate === undefined) throw new FluxError(`the aggregate ${String(of.get('fn'))} is not known here`)
    return tables.map((table) => ({
      key: table.key,
      rows: windowsOf(table, of).flatMap(({ rows }) => {
        const [row] = rows
        return row === undefined ? [] : { ...row, _time: row['_start'] as Date, _value: aggregate(rows) }
      }),
    }))
  },
  window: (tables, of) => tables.flatMap((table) => windowsOf(table, of)),
  first: (tables) => tables.map(({ key, rows }) => ({ key, rows: rows.slice(0, 1) })),
  last: (tables) => tables.map(({ key, rows }) => ({ key, rows: rows.slice(-1) })),
  difference: (tables) =>
    tables.map(({ key, rows }) => ({
      key,
      rows: rows.slice(1).map((row, index) => ({
        ...row,
        _value: (row['_value'] as number) - (rows[index]?.['_value'] as number),
      })),
    })),
  pivot(tables, of) {
    const [rowKey, [column = '']] = [of.get('rowKey') as string[], of.get('columnKey') as string[]]
    const value = of.get('valueColumn') as string
    const merged = new Map<string, Row>()
    const key = (tables[0]?.key ?? []).filter((name) => name !== column && name !== value)
    for (const row of tables.flatMap(({ rows }) => rows)) {
      const at = JSON.stringify([...key, ...rowKey].map((name) => row[name]))
      const { [column]: name, [value]: cell, ...rest } = row
      merged.set(at, { ...rest, ...merged.get(at), [String(name)]: cell as Cell })
    }
    return regrouped([...merged.values()], key)
  },
  group: (tables) => [{ key: [], rows: tables.flatMap(({ rows }) => rows) }],
  sort(tables, of) {
    const [columns, sign] = [of.get('columns') as string[], of.get('desc') === true ? -1 : 1]
    const compare = (a: Row, b: Row): number => {
      for (const column of columns) {
        const [left = '', right = ''] = [a[column], b[column]]
        if (left < right) return -sign
        if (left > right) return sign
      }
      return 0
    }
    return tables.map(({ key, rows }) => ({ key, rows: rows.toSorted(compare) }))
  },
  limit: (tables, of) => tables.map(({ key, rows }) => ({ key, rows: rows.slice(0, of.get('n') as number) })),
  map(tables, of, context) {
    const { parameter, body } = of.get('fn') as Lambda
    const mapped = (row: Row): Row =>
      evaluate(body, { ...context, names: new Map([...context.names, [parameter, row]]) }) as Row
    return tables.flatMap(({ key, rows }) => regrouped(rows.map(mapped), key))
  },
  to(tables, of, context) {
    for (const { rows } of tables) context.database.write(of.get('bucket') as string, rows)
    return tables
  },
  yield(tables, of, context) {
    context.results.push({ name: of.get('name') as string, tables })
    return tables
  },
}
