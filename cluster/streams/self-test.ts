// Whether this Redis can keep what a PUBACK promises; asked before anything listens.
import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { RedisUnusable } from './redis-unusable.ts'

/** With less than this the bounds of the streams mean nothing, bytes. */
const LEAST_MEMORY = 16 * 1024 * 1024
const REPLICAS_WITHIN_MS = 3_000

/** Throws RedisUnusable with everything that is wrong; answers what is allowed and should be known. */
export async function testRedis(redis: Redis, replicas: number): Promise<readonly string[]> {
  const info = parseInfo(await redis.info())
  const lines = await hints(redis, info, replicas)
  const problems = settingProblems(info, replicas)
  if (problems.length === 0) problems.push(...(await streamProblems(redis, lines)))
  if (problems.length === 0 && replicas > 0) problems.push(...(await replicaProblems(redis, replicas)))
  if (problems.length > 0) throw new RedisUnusable(problems)
  return lines
}

type Info = ReadonlyMap<string, string>

const parseInfo = (text: string): Info =>
  new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const at = line.indexOf(':')
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const]
    }),
  )

function settingProblems(info: Info, replicas: number): string[] {
  const problems: string[] = []
  const version = info.get('redis_version') ?? '?'
  if (!(Number(version.split('.')[0]) >= 7))
    problems.push(`Redis 须为 7 或更高版本，现为 ${version}。Redis must be version 7 or later; this is ${version}.`)
  if (info.get('role') !== 'master')
    problems.push(
      'ZHIAN_REDIS_URL 指向的是 Redis 副本：请指向主节点。ZHIAN_REDIS_URL names a Redis replica: name the master.',
    )
  if (info.get('cluster_enabled') === '1')
    problems.push(
      '不支持 Redis Cluster：请设 cluster-enabled no。Redis Cluster is not supported: set cluster-enabled no.',
    )
  if (info.get('aof_enabled') !== '1')
    problems.push(
      'Redis 未开启追加日志，重启会丢失消息：请设 appendonly yes。Redis would lose messages at a restart: set appendonly yes.',
    )
  if (info.get('maxmemory_policy') !== 'noeviction')
    problems.push(
      `Redis 内存满时会删除数据：请设 maxmemory-policy noeviction，现为 ${info.get('maxmemory_policy') ?? '?'}。Redis would delete data when it is full: set maxmemory-policy noeviction; it is ${info.get('maxmemory_policy') ?? '?'}.`,
    )
  if (!(Number(info.get('maxmemory')) >= LEAST_MEMORY))
    problems.push(
      'Redis 须有内存上限，满之前才能让设备慢下来：请设 maxmemory（至少 16mb）。Redis must have a limit, so that devices are slowed before it is full: set maxmemory (16mb or more).',
    )
  if (Number(info.get('connected_slaves') ?? 0) < replicas)
    problems.push(
      `ZHIAN_REDIS_REPLICAS=${replicas}，但 Redis 只连着 ${info.get('connected_slaves') ?? 0} 个副本。ZHIAN_REDIS_REPLICAS=${replicas}, but Redis has ${info.get('connected_slaves') ?? 0} replicas.`,
    )
  return problems
}

/**
 * Adds, reads and trims as the streams are added to, read and trimmed. A Redis that is full, or has lost its replicas or its
 * disk, is so for a time: whoever did not start then could not empty it.
 */
async function streamProblems(redis: Redis, lines: string[]): Promise<string[]> {
  const key = `zhian:self-test:${randomBytes(6).toString('hex')}`
  try {
    const ids = [await redis.xadd(key, '0-*', 'h', '1'), await redis.xadd(key, '0-*', 'h', '2')]
    const read = await redis.xread('COUNT', 10, 'STREAMS', key, '0-0')
    const trimmed = await redis.xtrim(key, 'MINID', '0-2')
    const third = await redis.xadd(key, '0-*', 'h', '3')
    if (ids.join() === '0-1,0-2' && read?.[0]?.[1].length === 2 && trimmed === 1 && third === '0-3') return []
    return ['Redis 的消息流行为异常。The streams of this Redis do not behave as streams of Redis 7 do.']
  } catch (error) {
    const { message } = error as Error
    if (/^(?:OOM|NOREPLICAS|MISCONF)/.test(message)) {
      lines.push(`Redis takes no messages at the moment: ${message}`)
      return []
    }
    return [`Redis 拒绝写入：${message}。Redis refuses to be written to: ${message}.`]
  } finally {
    await redis.del(key).catch(() => undefined)
  }
}

async function replicaProblems(redis: Redis, replicas: number): Promise<string[]> {
  const reached = await redis.wait(replicas, REPLICAS_WITHIN_MS)
  if (reached >= replicas) return []
  return [
    `${REPLICAS_WITHIN_MS / 1_000} 秒内只有 ${reached} 个 Redis 副本写入，ZHIAN_REDIS_REPLICAS=${replicas}：请检查副本。` +
      `Only ${reached} Redis replicas had a write within ${REPLICAS_WITHIN_MS / 1_000} s, ZHIAN_REDIS_REPLICAS=${replicas}: look after the replicas.`,
  ]
}

async function hints(redis: Redis, info: Info, replicas: number): Promise<string[]> {
  const lines: string[] = []
  const fsync = await settingOf(redis, 'appendfsync')
  if (fsync !== null && fsync !== 'always')
    lines.push(
      replicas === 0
        ? `appendfsync is ${fsync} and no replica is waited for: a power failure of the machine of Redis, or a kill while its disk is busy, can lose the last seconds of acknowledged messages; set appendfsync always`
        : `appendfsync is ${fsync}: a master that starts again on its own file may lack the last seconds, and its replicas follow it; promote a replica first, or set appendfsync always`,
    )
  if (Number(info.get('connected_slaves') ?? 0) > 0 && !(Number(await settingOf(redis, 'min-replicas-to-write')) >= 1))
    lines.push('set min-replicas-to-write 1, so that a master that was cut off takes no messages')
  return lines
}

/** null: this Redis does not tell. */
async function settingOf(redis: Redis, name: string): Promise<string | null> {
  try {
    const answer = (await redis.config('GET', name)) as readonly string[]
    return answer[1] ?? null
  } catch {
    return null
  }
}
