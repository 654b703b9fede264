// The wall: its map and its pages.
import type { Migration } from './migration.ts'

export const wall: Migration = {
  number: 10,
  name: 'wall',
  async up() {},
}
