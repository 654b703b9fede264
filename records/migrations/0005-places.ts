// What a site is: its category, its risk, its regime, its dossier.
import type { Migration } from './migration.ts'

export const places: Migration = {
  number: 5,
  name: 'places',
  async up() {},
}
