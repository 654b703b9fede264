// Which tables exist: the open generations that rows arrive in, and the sealed partitions. Read inside a transaction it is
// one with the tables it names, whatever is being sealed meanwhile.
import { type Lane, numberOf, textOf } from './database.ts'
import {
  CATALOG_DDL,
  checkKinds,
  column,
  EVENT_COLUMNS,
  EVENTS,
  LATEST_COLUMNS,
  latestTable,
  openTable,
  READING_COLUMNS,
  type ReadingKinds,
  SCHEMA_VERSION,
} from './schema.ts'

export interface Partition {
  readonly family: string
  /** `raw`: one day of a kind, or one month of events; `minute` and `hour`: one month of a kind. */
  readonly level: 'raw' | 'minute' | 'hour'
  readonly period: number
  readonly table: string
  readonly rows: number
  readonly maxPosition: number
  /** Metrics that have a column in a raw partition. */
  readonly metrics: readonly string[]
  readonly minutesRolled: boolean
  readonly hoursRolled: boolean
}

export interface FamilyTables {
  /** Open generations, oldest first; the last one is being appended to. */
  readonly generations: readonly number[]
  readonly partitions: readonly Partition[]
}

/** Creates what is missing and widens the open tables. No appender may be open: ALTER would break it. */
export async function prepareSchema(lane: Lane, kinds: ReadingKinds): Promise<void> {
  checkKinds(kinds)
  await lane.transaction(async () => {
    for (const ddl of CATALOG_DDL) await lane.execute(ddl)
    const [row] = await lane.rows(`SELECT value FROM meta WHERE name = 'schema_version'`)
    const version = row === undefined ? null : numberOf(row['value'])
    if (version !== null && version > SCHEMA_VERSION) {
      throw new Error(
        `时序库由更新的版本写成（${version} > ${SCHEMA_VERSION}），请用新版本打开。 ` +
          `The reading store was written by a newer version: open it with that version.`,
      )
    }
    if (version !== null && version < 2) await countLateInRollups(lane)
    if (version === null) {
      await lane.execute(
        `INSERT INTO meta VALUES ('schema_version', ${SCHEMA_VERSION}), ('high_position', 0), ('table_version', 0)`,
      )
    }
    for (const [kind, metrics] of Object.entries(kinds)) await widenKind(lane, kind, metrics)
    if ((await generationsOf(lane, EVENTS)).length === 0) await addGeneration(lane, EVENTS, 1, [])
  })
}

/** Roll-ups of version 1 did not say how many of their samples were late or suspect: like its days, they mark nothing. */
async function countLateInRollups(lane: Lane): Promise<void> {
  const tables = await lane.rows(`SELECT table_name FROM partitions WHERE level IN ('minute', 'hour')`)
  for (const table of tables.map((row) => textOf(row['table_name']))) {
    for (const count of ['late', 'suspect']) await lane.execute(`ALTER TABLE ${table} ADD COLUMN ${count} UINTEGER`)
  }
  await lane.execute(`UPDATE meta SET value = 2 WHERE name = 'schema_version'`)
}

async function widenKind(lane: Lane, kind: string, metrics: readonly string[]): Promise<void> {
  const known = new Set((await metricIds(lane, kind)).keys())
  const added = metrics.filter((metric) => !known.has(metric))
  for (const metric of added) {
    await lane.execute(`INSERT INTO metrics SELECT coalesce(max(id), 0) + 1, '${kind}', '${metric}' FROM metrics`)
  }
  const generations = await generationsOf(lane, kind)
  if (generations.length === 0) {
    await addGeneration(lane, kind, 1, metrics)
    await lane.execute(`CREATE TABLE ${latestTable(kind)} (${LATEST_COLUMNS})`)
    return
  }
  for (const generation of generations) {
    for (const metric of added) {
      await lane.execute(`ALTER TABLE ${openTable(kind, generation)} ADD COLUMN ${column(metric)} DOUBLE`)
    }
  }
}

export async function addGeneration(
  lane: Lane,
  family: string,
  generation: number,
  metrics: readonly string[],
): Promise<void> {
  const columns =
    family === EVENTS
      ? EVENT_COLUMNS
      : [READING_COLUMNS, ...metrics.map((metric) => `${column(metric)} DOUBLE`)].join(', ')
  await lane.execute(`CREATE TABLE ${openTable(family, generation)} (${columns})`)
  await lane.execute(`INSERT INTO generations VALUES ('${family}', ${generation})`)
}

export async function generationsOf(lane: Lane, family: string): Promise<number[]> {
  const rows = await lane.rows(`SELECT generation FROM generations WHERE family = '${family}' ORDER BY 1`)
  return rows.map((row) => numberOf(row['generation']))
}

export async function tablesOf(lane: Lane, family: string): Promise<FamilyTables> {
  const generations = await generationsOf(lane, family)
  const rows = await lane.rows(`SELECT * FROM partitions WHERE family = '${family}' ORDER BY level, period`)
  const partitions = rows.map((row): Partition => {
    const level = textOf(row['level'])
    if (level !== 'raw' && level !== 'minute' && level !== 'hour') throw new Error(`unknown partition level ${level}`)
    return {
      family,
      level,
      period: numberOf(row['period']),
      table: textOf(row['table_name']),
      rows: numberOf(row['row_count']),
      maxPosition: numberOf(row['max_position']),
      metrics: textOf(row['metrics']).split(',').filter(Boolean),
      minutesRolled: row['minutes_rolled'] === true,
      hoursRolled: row['hours_rolled'] === true,
    }
  })
  return { generations, partitions }
}

export async function addPartition(lane: Lane, partition: Partition): Promise<void> {
  const { family, level, period, table, rows, maxPosition, metrics, minutesRolled, hoursRolled } = partition
  await lane.execute(
    `INSERT INTO partitions VALUES ('${family}', '${level}', ${period}, '${table}', ${rows}, ${maxPosition},
       '${metrics.join(',')}', ${minutesRolled}, ${hoursRolled})`,
  )
}

export async function dropPartition(lane: Lane, partition: Partition): Promise<void> {
  await lane.execute(`DROP TABLE ${partition.table}`)
  await lane.execute(`DELETE FROM partitions WHERE table_name = '${partition.table}'`)
}

/** A number never given before, for the name of a rewritten table: the old one is still read while the new one is made. */
export async function nextTableVersion(lane: Lane): Promise<number> {
  await lane.execute(`UPDATE meta SET value = value + 1 WHERE name = 'table_version'`)
  const [row] = await lane.rows(`SELECT value FROM meta WHERE name = 'table_version'`)
  return numberOf(row?.['value'])
}

/** Metric → id in roll-ups, of a kind; columns that the code no longer knows are among them. */
export async function metricIds(lane: Lane, kind: string): Promise<Map<string, number>> {
  const rows = await lane.rows(`SELECT id, name FROM metrics WHERE kind = '${kind}'`)
  return new Map(rows.map((row) => [textOf(row['name']), numberOf(row['id'])]))
}

export async function deviceKeys(lane: Lane): Promise<Map<string, number>> {
  const rows = await lane.rows('SELECT key, id FROM devices')
  return new Map(rows.map((row) => [textOf(row['id']), numberOf(row['key'])]))
}

/** Every family: the kinds ever stored, and the events. */
export async function families(lane: Lane): Promise<string[]> {
  const rows = await lane.rows('SELECT DISTINCT family FROM generations ORDER BY 1')
  return rows.map((row) => textOf(row['family']))
}

/** The highest position ever stored, kept also when its row was dropped by retention: positions never go back. */
export async function highPosition(lane: Lane): Promise<number> {
  const [meta] = await lane.rows(`SELECT value FROM meta WHERE name = 'high_position'`)
  let high = numberOf(meta?.['value'])
  for (const family of await families(lane)) {
    for (const generation of await generationsOf(lane, family)) {
      const [row] = await lane.rows(`SELECT max(position) AS high FROM ${openTable(family, generation)}`)
      high = Math.max(high, numberOf(row?.['high']))
    }
  }
  return high
}
