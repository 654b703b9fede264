// Every migration, in order.
import type { Migration } from './migration.ts'
import { initial } from './0001-initial.ts'
import { shown } from './0002-shown.ts'
import { verdict } from './0003-verdict.ts'

export const MIGRATIONS: readonly Migration[] = [initial, shown, verdict]
