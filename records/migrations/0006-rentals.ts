// Rental houses: floors, rooms, leases.
import type { Migration } from './migration.ts'

export const rentals: Migration = {
  number: 6,
  name: 'rentals',
  async up() {},
}
