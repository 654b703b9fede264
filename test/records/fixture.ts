// A ledger of its own for each test, gone after it: on SQLite in a directory, and in the project `postgresql` of the tests in
// a database that stands for that directory.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Client } from 'pg'
import { inject, onTestFinished } from 'vitest'
import type { KindRule } from '../../contract/rules.ts'
import type { Actor, Ledger, LedgerOptions } from '../../records/ledger.ts'
import type { ClusterLedger } from '../../records/ledger/cluster.ts'
import { createPostgresLedger } from '../../records/postgres-ledger.ts'
import type { PostgresLedgerOptions } from '../../records/postgres-ledger.ts'
import { createLedger } from '../../records/sqlite-ledger.ts'
import { ledgerFileIn } from '../../records/sqlite/files.ts'
import { administer } from './postgres/server.ts'
import type { TestServer } from './postgres/server.ts'

export const ON_POSTGRES = process.env['ZHIAN_TEST_LEDGER'] === 'postgresql'

export const ADMIN: Actor = { userId: 'u-admin', name: '管理员', address: '127.0.0.1' }

export const RESIDUAL_CURRENT: KindRule = {
  kind: 'electricity',
  id: 'electricity.residual_current',
  type: 'threshold',
  signal: 'residual_current',
  title: { zh: '剩余电流超限', en: 'Residual current over limit' },
  category: 'electrical',
  cause: 'condition',
  provenance: { mark: 'S', standard: 'GB 14287.2-2014' },
  metric: 'residual_current',
  direction: 'high',
  variants: [
    {
      levels: [{ name: 'alarm', limit: 300, priority: 2, onDelay: 0, latch: true }],
      deadband: { absolute: 10 },
      offDelay: 30,
    },
  ],
  also: [],
}

export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'zhian-ledger-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Started; stopped after the test. */
export async function startedLedger(directory: string, options: Partial<LedgerOptions> = {}): Promise<Ledger> {
  if (ON_POSTGRES) return startedClusterLedger(await databaseOf(directory), { ...options, ...keyIn(directory) })
  const ledger = inertLedger(directory, options)
  await ledger.start()
  onTestFinished(() => ledger.stop())
  return ledger
}

const COMMON = {
  defaultRules: [RESIDUAL_CURRENT],
  hashDeviceToken: (token: string, key: Uint8Array) => `${key.length}:${token.length}:${token.slice(0, 8)}`,
}

/** On SQLite. */
export function inertLedger(directory: string, options: Partial<LedgerOptions> = {}): Ledger {
  return createLedger({ directory, ...COMMON, ...options })
}

export async function startedClusterLedger(
  url: string,
  options: Partial<PostgresLedgerOptions> = {},
): Promise<ClusterLedger> {
  const ledger = inertClusterLedger(url, options)
  await ledger.start()
  onTestFinished(() => ledger.stop())
  return ledger
}

export function inertClusterLedger(url: string, options: Partial<PostgresLedgerOptions> = {}): ClusterLedger {
  return createPostgresLedger({ url, ...COMMON, ...options })
}

/** Every process of a cluster is given one; here the first to ask makes it. */
function keyIn(directory: string): { personalKeyFile: string } {
  const personalKeyFile = join(directory, 'personal.key')
  if (!existsSync(personalKeyFile)) writeFileSync(personalKeyFile, `${randomBytes(32).toString('base64')}\n`)
  return { personalKeyFile }
}

function postgres(): TestServer {
  const server = inject('postgres')
  if (server === null) throw new Error('PostgreSQL is not installed.')
  return server
}

const made = new Map<string, Promise<string>>()

/** Address of the database that stands for a directory, made when it is first asked for. */
function databaseOf(directory: string): Promise<string> {
  let database = made.get(directory)
  if (database === undefined) made.set(directory, (database = newDatabase(basename(directory))))
  return database
}

/** Address of a database with a ledger's tables, or with none; gone after the test. */
export async function newDatabase(
  name = `zhian-${randomBytes(6).toString('hex')}`,
  { empty = false }: { readonly empty?: boolean } = {},
): Promise<string> {
  const server = postgres()
  const template = empty ? 'template0' : server.template
  await administer(server, `create database "${name}" template ${template}`)
  onTestFinished(() => administer(server, `drop database "${name}" with (force)`))
  const url = new URL(server.url)
  url.pathname = `/${name}`
  return url.href
}

/** Statements typed past the ledger; answers the rows of the last. */
export async function typedByHand(directory: string, ...statements: readonly string[]): Promise<object[]> {
  return ON_POSTGRES ? typedInto(await databaseOf(directory), ...statements) : typedIntoFile(directory, statements)
}

export async function typedInto(url: string, ...statements: readonly string[]): Promise<object[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    let rows: object[] = []
    for (const statement of statements) ({ rows } = await client.query<object>(statement))
    return rows
  } finally {
    await client.end()
  }
}

/** Keeps the locks of a statement; answers how to let go of them. */
export async function heldBack(url: string, statement: string): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: url })
  // A test that fails leaves it to the end of its database.
  client.on('error', () => undefined)
  await client.connect()
  await client.query('begin')
  await client.query(statement)
  return () => client.end()
}

function typedIntoFile(directory: string, statements: readonly string[]): object[] {
  const db = new DatabaseSync(ledgerFileIn(directory))
  try {
    return statements.map((statement) => db.prepare(statement).all()).at(-1) ?? []
  } finally {
    db.close()
  }
}

/** Every column there is. */
export function columnsOf(directory: string): Promise<{ table: string; column: string }[]> {
  const asked = ON_POSTGRES
    ? `select table_name as "table", column_name as "column" from information_schema.columns
       where table_schema = current_schema()`
    : `select m.name as "table", c.name as "column" from sqlite_master m, pragma_table_info(m.name) c
       where m.type = 'table'`
  return typedByHand(directory, asked) as Promise<{ table: string; column: string }[]>
}

/** Every column as text, and what lies in files. */
export async function everythingKept(directory: string): Promise<{ where: string; bytes: Buffer }[]> {
  const kept: { where: string; bytes: Buffer }[] = []
  for (const { table, column } of await columnsOf(directory)) {
    const rows = await typedByHand(directory, `select cast("${column}" as text) as value from "${table}"`)
    kept.push({ where: `${table}.${column}`, bytes: Buffer.from(JSON.stringify(rows)) })
  }
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) kept.push({ where: entry.name, bytes: readFileSync(join(entry.parentPath, entry.name)) })
  return kept
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
