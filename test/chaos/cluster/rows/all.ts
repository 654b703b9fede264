// Every row of a cluster's matrix, in its order.
import type { ChaosRow } from '../../row.ts'
import { kill } from './01-kill.ts'
import { redisKilled } from './02-redis.ts'
import { postgresStopped } from './03-postgres.ts'
import { storeStopped } from './04-store.ts'
import { standstill } from './05-standstill.ts'
import { cutOff } from './06-cut-off.ts'
import { bridged } from './07-bridge.ts'

export const CLUSTER_ROWS: readonly ChaosRow[] = [
  kill,
  redisKilled,
  postgresStopped,
  storeStopped,
  standstill,
  cutOff,
  bridged,
]
