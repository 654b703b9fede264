// Where to reach people who are not at a screen.
import type { Migration } from './migration.ts'

export const push: Migration = {
  number: 9,
  name: 'push',
  async up() {},
}
