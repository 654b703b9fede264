// Every row of the matrix that one machine can show, in its order.
import type { ChaosRow } from '../row.ts'
import { kill } from './01-kill.ts'
import { faultPoints } from './02-fault-points.ts'
import { power } from './03-power.ts'
import { failingDisk } from './04-failing-disk.ts'
import { tornLogs } from './06-torn-logs.ts'
import { slowDisk } from './07-slow-disk.ts'
import { stop } from './10-stop.ts'
import { slowSubscribers } from './12-slow-subscribers.ts'
import { overtaking } from './13-overtaking.ts'
import { duplicates } from './17-duplicates.ts'
import { feedGaps } from './19-feed-gaps.ts'
import { acl } from './23-acl.ts'
import { browserAttacks } from './25-browser-attacks.ts'
import { audit } from './26-audit.ts'

export const ROWS: readonly ChaosRow[] = [
  kill,
  faultPoints,
  power,
  failingDisk,
  tornLogs,
  slowDisk,
  stop,
  slowSubscribers,
  overtaking,
  duplicates,
  feedGaps,
  acl,
  browserAttacks,
  audit,
]
