// Commands to devices, and installations.
import type { Migration } from './migration.ts'

export const commands: Migration = {
  number: 8,
  name: 'commands',
  async up() {},
}
