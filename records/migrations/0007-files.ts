// Files beside the ledger, and what is owed to a person about their data.
import type { Migration } from './migration.ts'

export const files: Migration = {
  number: 7,
  name: 'files',
  async up() {},
}
