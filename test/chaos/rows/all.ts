// Every row of the matrix that one machine can show, in its order.
import type { ChaosRow } from '../row.ts'
import { kill } from './01-kill.ts'
import { faultPoints } from './02-fault-points.ts'
import { power } from './03-power.ts'
import { failingDisk } from './04-failing-disk.ts'
import { fullDisk } from './05-full-disk.ts'
import { tornLogs } from './06-torn-logs.ts'
import { slowDisk } from './07-slow-disk.ts'
import { memory } from './08-memory.ts'
import { standstill } from './09-standstill.ts'
import { stop } from './10-stop.ts'
import { soak } from './11-soak.ts'
import { slowSubscribers } from './12-slow-subscribers.ts'
import { overtaking } from './13-overtaking.ts'
import { lines } from './14-lines.ts'
import { returning } from './15-return.ts'
import { clock } from './16-clock.ts'
import { duplicates } from './17-duplicates.ts'
import { avalanche } from './18-avalanche.ts'
import { feedGaps } from './19-feed-gaps.ts'
import { screens } from './20-screens.ts'
import { malformed } from './21-malformed.ts'
import { strangers } from './22-strangers.ts'
import { acl } from './23-acl.ts'
import { guessing } from './24-guessing.ts'
import { browserAttacks } from './25-browser-attacks.ts'
import { audit } from './26-audit.ts'

export const ROWS: readonly ChaosRow[] = [
  kill,
  faultPoints,
  power,
  failingDisk,
  fullDisk,
  tornLogs,
  slowDisk,
  memory,
  standstill,
  stop,
  soak,
  slowSubscribers,
  overtaking,
  lines,
  returning,
  clock,
  duplicates,
  avalanche,
  feedGaps,
  screens,
  malformed,
  strangers,
  acl,
  guessing,
  browserAttacks,
  audit,
]
