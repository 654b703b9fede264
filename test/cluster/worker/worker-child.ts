// An ingest worker as a process of its own, to be killed at a named point, or frozen. Its readings go into a hash of Redis: what
// is written twice is there once. Says `ready` when it has begun.
import { randomBytes } from 'node:crypto'
import { connectRedis } from '../../../cluster/redis.ts'
import { redisReady } from '../../../cluster/ready.ts'
import { StreamWriter } from '../../../cluster/streams/stream-writer.ts'
import { systemClock } from '../../../hub/clock.ts'
import { DEFAULT_RULES } from '../../../hub/rules.ts'
import type { FaultPoint } from '../../../ingest/ports.ts'
import { createPostgresLedger } from '../../../records/postgres-ledger.ts'
import { assembleWorker } from './assemble.ts'
import { STORED_KEY } from './stored-key.ts'

export interface ChildOptions {
  readonly redisUrl: string
  readonly database: string
  readonly leaseMs: number
  /** Ends itself with SIGKILL when it comes to this point for the nth time. */
  readonly fault?: { readonly point: FaultPoint; readonly nth: number }
}

const { redisUrl, database, leaseMs, fault } = JSON.parse(process.argv[2] ?? '{}') as ChildOptions
const id = `ingest-${randomBytes(4).toString('hex')}`
const ledger = createPostgresLedger({
  url: database,
  name: id,
  defaultRules: DEFAULT_RULES,
  hashDeviceToken: (token) => token,
})
await ledger.start()
const connect = (kind: 'plain' | 'blocking' | 'batched') =>
  connectRedis({
    url: redisUrl,
    name: id,
    blocking: kind === 'blocking',
    batched: kind === 'batched',
    onError: () => undefined,
  })
const redis = connect('plain')
await redisReady(redis)
const writer = new StreamWriter({ redis: connect('batched'), replicas: 0, known: 0 })
await writer.start()
let left = fault?.nth ?? 0
const worker = assembleWorker(id, {
  ledger,
  redis,
  blocking: connect('blocking'),
  writer,
  store: {
    async append(inputs) {
      const fields = inputs.flatMap((input) => [`${input.deviceId} ${input.ts} ${input.type}`, JSON.stringify(input)])
      if (fields.length > 0) await redis.hset(STORED_KEY, ...fields)
    },
  },
  line: { lineOf: () => 'away', send: () => false },
  clock: systemClock(),
  say: (line) => void process.stderr.write(`${line}\n`),
  rejected: () => undefined,
  leaseMs,
  renewEveryMs: leaseMs / 4,
  ...(fault === undefined
    ? {}
    : {
        faultPoint: (point: FaultPoint) => {
          if (point === fault.point && --left === 0) process.kill(process.pid, 'SIGKILL')
        },
      }),
})
await worker.start()
process.stdout.write('ready\n')
process.once('SIGTERM', () => {
  void worker
    .stop()
    .then(() => ledger.stop())
    .then(() => process.exit(0))
})
