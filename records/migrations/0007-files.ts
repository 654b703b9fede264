// Files beside the ledger: whose each is, and under which hash its content lies. Persons whose names go from the journal.
import type { Migration } from './migration.ts'

export const files: Migration = {
  number: 7,
  name: 'files',
  async up(db) {
    await db.schema
      .createTable('file')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('subject_type', 'text', (c) => c.notNull())
      .addColumn('subject_id', 'text', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('type', 'text', (c) => c.notNull())
      .addColumn('bytes', 'integer', (c) => c.notNull())
      .addColumn('sha256', 'text', (c) => c.notNull())
      .addColumn('by_id', 'text', (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .execute()
    await db.schema.createIndex('file_subject').on('file').columns(['subject_type', 'subject_id', 'at', 'id']).execute()
    await db.schema.createIndex('file_content').on('file').column('sha256').execute()
    await db.schema
      .createTable('erasure')
      .addColumn('user_id', 'text', (c) => c.primaryKey())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('done_seq', 'bigint', (c) => c.notNull())
      .execute()
  },
}
