// Every migration, in order.
import type { Migration } from './migration.ts'
import { initial } from './0001-initial.ts'
import { shown } from './0002-shown.ts'
import { verdict } from './0003-verdict.ts'
import { signIn } from './0004-sign-in.ts'
import { places } from './0005-places.ts'
import { rentals } from './0006-rentals.ts'
import { files } from './0007-files.ts'
import { commands } from './0008-commands.ts'
import { push } from './0009-push.ts'
import { wall } from './0010-wall.ts'
import { search } from './0011-search.ts'
import { partitions } from './0012-partitions.ts'
import { deviceEvents } from './0013-device-events.ts'
import { cluster } from './0014-cluster.ts'
import { duties } from './0015-duties.ts'

export const MIGRATIONS: readonly Migration[] = [
  initial,
  shown,
  verdict,
  signIn,
  places,
  rentals,
  files,
  commands,
  push,
  wall,
  search,
  partitions,
  deviceEvents,
  cluster,
  duties,
]
