// A town’s own acknowledgement.
import type { Migration } from './migration.ts'

export const townAck: Migration = {
  number: 12,
  name: 'town-ack',
  async up() {},
}
