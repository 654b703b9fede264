// How people sign in, and what guards it.
import type { Migration } from './migration.ts'

export const signIn: Migration = {
  number: 4,
  name: 'sign-in',
  async up() {},
}
