// What every role of a cluster connects to, under the name of its process: the ledger on PostgreSQL, and Redis.
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { hashToken } from '../../broker/tokens.ts'
import { connectRedis } from '../../cluster/redis.ts'
import type { RedisOptions } from '../../cluster/redis.ts'
import type { ClusterLedger } from '../../records/ledger/cluster.ts'
import { createPostgresLedger } from '../../records/postgres-ledger.ts'
import type { PostgresLedgerOptions } from '../../records/postgres-ledger.ts'
import { DEFAULT_RULES } from '../rules.ts'
import type { Config } from '../config.ts'
import type { Stops } from './parts.ts'

export interface Joining {
  /** Started; it stops with the process. */
  readonly openLedger: (options?: Pick<PostgresLedgerOptions, 'now' | 'personalKeyFile'>) => Promise<ClusterLedger>
  /** A connection of its own, in the background; it ends with the process. */
  readonly connect: (name: string, kind?: Pick<RedisOptions, 'batched' | 'blocking'>) => Redis
}

export function joining(node: string, config: Config, log: Logger, stops: Stops): Joining {
  return {
    async openLedger(options = {}) {
      const ledger = createPostgresLedger({
        url: config.ZHIAN_DATABASE_URL as string,
        name: `zhian ${node}`,
        defaultRules: DEFAULT_RULES,
        hashDeviceToken: (token, key) => hashToken(key, token).toString('hex'),
        log: (line) => log.info(line),
        ...options,
      })
      stops.push(['the ledger', () => ledger.stop()])
      await ledger.start()
      return ledger
    },
    connect(name, kind = {}) {
      const redis = connectRedis({
        url: config.ZHIAN_REDIS_URL as string,
        name: `zhian ${node} ${name}`,
        onError: (error) => log.debug({ err: error }, 'redis'),
        ...kind,
      })
      stops.push([`the connection to Redis for ${name}`, () => redis.disconnect()])
      return redis
    },
  }
}

/** The highest position of any stream that the ledger knows of: none that is given from now on may be below it. */
export async function newestPosition({ partitions }: Pick<ClusterLedger, 'partitions'>): Promise<number> {
  const rows = await partitions.all()
  return Math.max(0, ...rows.flatMap(({ decided, stored }) => [decided, stored]))
}
