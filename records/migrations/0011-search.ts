// Search by pinyin.
import type { Migration } from './migration.ts'

export const search: Migration = {
  number: 11,
  name: 'search',
  async up() {},
}
