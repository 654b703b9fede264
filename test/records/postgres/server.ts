// One PostgreSQL for all tests of the records: a database of today's schema to make each test's own from.
import { Client } from 'pg'
import type { TestProject } from 'vitest/node'
import { MIGRATIONS } from '../../../records/migrations/all.ts'
import { openSchema } from '../../../records/postgres/open.ts'
import { PostgresStore } from '../../../records/postgres/store.ts'
import { POSTGRES_MISSING, startPostgres } from '../../support/services/postgres.ts'

const TEMPLATE = 'zhian_template'

export interface TestServer {
  readonly url: string
  readonly template: string
}

declare module 'vitest' {
  interface ProvidedContext {
    /** null: it is not installed here. */
    postgres: TestServer | null
  }
}

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (POSTGRES_MISSING) {
    project.provide('postgres', null)
    return undefined
  }
  const server = await startPostgres()
  // Nobody pulls the plug here, and dropping a database waits for the disk.
  await administer(server, 'alter system set fsync = off', 'select pg_reload_conf()')
  const url = await server.database(TEMPLATE)
  const now = (): number => Date.now()
  const log = (): void => undefined
  const store = new PostgresStore({ url, name: 'template', now, log })
  await openSchema(store.schema, { url, migrations: MIGRATIONS, now, log })
  await store.close()
  project.provide('postgres', { url: server.url, template: TEMPLATE })
  return () => server.dispose()
}

/** Statements of the server's administrator, one after another. */
export async function administer(server: Pick<TestServer, 'url'>, ...statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: server.url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}
