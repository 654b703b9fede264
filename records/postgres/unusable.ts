// Why the ledger's database cannot be used, in a sentence an operator can act on. The address is named without its password.
import pg from 'pg'
import { LedgerUnusable } from '../errors.ts'
import type { Bilingual } from '../../contract/rules.ts'
import { LedgerAway } from './pool.ts'

/** `host:port/database`; throws LedgerUnusable for what is no address. */
export function placeOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed !== null && ['postgres:', 'postgresql:'].includes(parsed.protocol))
    return `${parsed.hostname || 'localhost'}:${parsed.port || '5432'}${parsed.pathname}`
  throw new LedgerUnusable('unreachable', {
    zh: 'ZHIAN_DATABASE_URL 不是 PostgreSQL 地址，应形如 postgres://用户:密码@主机:5432/数据库。',
    en: 'ZHIAN_DATABASE_URL is no address of a PostgreSQL, which looks like postgres://user:password@host:5432/database.',
  })
}

interface SystemError extends Error {
  readonly code?: string
}

/** What became of the first connection; anything else is a fault of this program. */
export function unusable(thrown: unknown, place: string): unknown {
  const error = thrown instanceof LedgerAway ? thrown.cause : thrown
  if (error instanceof LedgerUnusable) return error
  const text = error instanceof pg.DatabaseError ? refusal(error, place) : failure(error as SystemError, place)
  return text === null ? error : new LedgerUnusable('unreachable', text, { cause: error })
}

function refusal({ code = '', message }: pg.DatabaseError, place: string): Bilingual | null {
  if (code === '28P01' || code === '28000')
    return {
      zh: `数据库 ${place} 拒绝了用户名或密码。请检查 ZHIAN_DATABASE_URL。`,
      en: `The database ${place} refused the user name or password. Check ZHIAN_DATABASE_URL.`,
    }
  if (code === '3D000')
    return {
      zh: `服务器上没有数据库 ${place}。请先建库（createdb），或更正 ZHIAN_DATABASE_URL。`,
      en: `There is no database ${place} on that server. Create it first (createdb), or correct ZHIAN_DATABASE_URL.`,
    }
  if (code === '42501')
    return {
      zh: `数据库 ${place} 不允许这个用户建表或读写：${message}。请让它成为数据库的所有者。`,
      en: `The database ${place} does not let this user make, read or write tables: ${message}. Make it the database's owner.`,
    }
  if (code === '53300')
    return {
      zh: `数据库 ${place} 的连接数已满。请调大 PostgreSQL 的 max_connections。`,
      en: `The database ${place} has no connection left. Raise max_connections of PostgreSQL.`,
    }
  if (code.startsWith('57P'))
    return {
      zh: `数据库 ${place} 正在启动或停止：${message}。请稍后再启动智安。`,
      en: `The database ${place} is starting or stopping: ${message}. Start Zhi'an again in a moment.`,
    }
  return null
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ECONNRESET', 'ENOENT'],
])

function failure({ code = '', message }: SystemError, place: string): Bilingual | null {
  // The driver gives these no code: no answer in time, closed while it was greeted, or TLS that one side does not have.
  const spoken = /timeout|terminated|SSL|certificate/i.test(message)
  if (!UNREACHABLE.has(code) && !spoken) return null
  return {
    zh: `连不上数据库 ${place}：${code || message}。请确认 PostgreSQL 已启动、地址正确、网络可达。`,
    en: `The database ${place} cannot be reached: ${code || message}. See that PostgreSQL runs, and that the address is right.`,
  }
}
