// Why the hub did not start, as one sentence an operator can act on.
import { RedisUnusable } from '../cluster/streams/redis-unusable.ts'
import { StoreLockedError } from '../ingest/readings/lock.ts'
import { LedgerUnusable } from '../records/errors.ts'
import type { Config } from './config.ts'

export class StartProblem extends Error {
  override readonly name = 'StartProblem'
}

interface SystemError extends Error {
  readonly code?: string
  readonly port?: number
}

/** The problem behind an error, or null if it is a fault of the program. */
export function startProblem(error: unknown, config: Config): StartProblem | null {
  if (error instanceof StartProblem) return error
  if (error instanceof LedgerUnusable || error instanceof StoreLockedError || error instanceof RedisUnusable)
    return new StartProblem(error.message)
  const { code, port, message } = error as SystemError
  if (code === 'EADDRINUSE')
    return new StartProblem(
      `端口 ${port} 已被占用：请停掉占用它的程序，或设置 ${variableOf(port, config)}。Port ${port} is taken: stop what uses it, or set ${variableOf(port, config)}.`,
    )
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new StartProblem(
      `本机没有这个监听地址，请检查 ZHIAN_HOST 和 ZHIAN_MQTT_HOST：${message}。This machine has no such address to listen on, check ZHIAN_HOST and ZHIAN_MQTT_HOST: ${message}.`,
    )
  if (code === 'EEXIST' || code === 'ENOTDIR')
    return new StartProblem(
      `ZHIAN_DATA_DIR 须是目录，不能是文件：${message}。ZHIAN_DATA_DIR must be a folder, not a file: ${message}.`,
    )
  if (code === 'EACCES' || code === 'EROFS' || code === 'ENOSPC')
    return new StartProblem(`无法写入或监听：${message}。Cannot write or listen: ${message}.`)
  return null
}

function variableOf(port: number | undefined, config: Config): string {
  if (port === config.ZHIAN_HTTP_PORT) return 'ZHIAN_HTTP_PORT'
  return port === config.ZHIAN_MQTTS_PORT ? 'ZHIAN_MQTTS_PORT' : 'ZHIAN_MQTT_PORT'
}
