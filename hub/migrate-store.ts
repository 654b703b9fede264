// npm run migrate-store -- --from embedded --to cluster [--check]
//
// Moves a hub that is stopped into a cluster: its ledger to PostgreSQL, its readings to the time-series store of the cluster;
// then reads everything back and compares. Called again it goes on where it was. The source is only read.
import { parseArgs } from 'node:util'
import { StoreLockedError } from '../ingest/readings/lock.ts'
import { StoreUnavailableError, StoreUnusableError } from '../ingest/readings/unavailable.ts'
import { LedgerUnusable } from '../records/errors.ts'
import { ConfigError, readConfig } from './config.ts'
import { MoveRefused, moveHouse } from './moving/house.ts'
import { Telling } from './moving/telling.ts'
import { StartProblem } from './start-problem.ts'
import type { Config } from './config.ts'

const USAGE = `用法 usage: npm run migrate-store -- --from embedded --to cluster [--check]

  --check   只看不搬：两边是否合适，要搬多少。 Looks at both sides and changes nothing.

  ZHIAN_DATA_DIR       已停止的单机平台的数据目录 data folder of the hub, which is stopped
  ZHIAN_DATABASE_URL   空的 PostgreSQL 数据库 an empty database
  ZHIAN_REDIS_URL      群集的 Redis，须是空的 the Redis of the cluster, empty
  ZHIAN_INFLUX_URL … 或 or ZHIAN_VICTORIA_URL   群集的时序库 its time-series store
  ZHIAN_PERSONAL_KEY_FILE   群集用的个人信息密钥：原来那一把 the personal key for the cluster: the same as before

退出码 exit codes: 0 搬完且核对一致 moved and verified · 1 不能搬，什么都没丢 refused, nothing was lost · 2 用法 usage · 3 核对不一致 verification failed
`

export const EXIT = { done: 0, refused: 1, usage: 2, differing: 3 } as const

function asked(): { check: boolean } | null {
  try {
    const { values } = parseArgs({
      options: { from: { type: 'string' }, to: { type: 'string' }, check: { type: 'boolean', default: false } },
    })
    return values.from === 'embedded' && values.to === 'cluster' ? { check: values.check } : null
  } catch {
    return null
  }
}

/** What a worker of the cluster would be given: the same stores, checked in the same way. */
function configuration(telling: Telling): Config | null {
  try {
    return readConfig({ ...process.env, ZHIAN_ROLE: 'ingest' })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    telling.refused('配置有误，什么都没有做。Configuration is wrong; nothing was done:', ...error.problems)
    return null
  }
}

/** Whoever runs it can do something about these. */
const isSayable = (error: unknown): error is Error =>
  [MoveRefused, LedgerUnusable, StoreLockedError, StoreUnavailableError, StoreUnusableError, StartProblem].some(
    (known) => error instanceof known,
  )

async function run(): Promise<number> {
  const telling = new Telling(process.stdout, process.stderr)
  const wanted = asked()
  if (wanted === null) {
    process.stderr.write(USAGE)
    return EXIT.usage
  }
  const config = configuration(telling)
  if (config === null) return EXIT.refused
  try {
    return (await moveHouse(config, { ...wanted, telling })) ? EXIT.done : EXIT.differing
  } catch (error) {
    if (!isSayable(error)) throw error
    telling.refused(error.message)
    return EXIT.refused
  }
}

process.exitCode = await run()
