// Where the command line gets its devices' tokens: from a hub that it signs in to, or from a file.
import { chmodSync, writeFileSync } from 'node:fs'
import { Registry } from './registry.ts'
import { Complaint, textOf, wordsOf } from './terminal.ts'
import { formatTokens, parseTokens } from './tokens-file.ts'
import type { TokenRow } from './tokens-file.ts'

export async function signedIn(api: string): Promise<Registry> {
  const password = process.env['ZHIAN_PASSWORD'] || process.env['ZHIAN_ADMIN_PASSWORD']
  if (!password) {
    throw new Complaint('--api 需要环境变量 ZHIAN_PASSWORD 或 ZHIAN_ADMIN_PASSWORD  set one of them to sign in')
  }
  const registry = new Registry(api)
  await registry.signIn(process.env['ZHIAN_USERNAME'] ?? 'admin', password)
  return registry
}

/** Tokens are secrets: nobody but the owner of the file reads them, also when the file was there before. */
export function writeTokens(path: string, rows: readonly TokenRow[]): void {
  writeFileSync(path, '', { mode: 0o600 })
  chmodSync(path, 0o600)
  writeFileSync(path, formatTokens(rows))
}

export function readTokens(path: string): TokenRow[] {
  const text = textOf(path)
  let rows: TokenRow[]
  try {
    rows = parseTokens(text)
  } catch (error) {
    throw new Complaint(`${path}: ${wordsOf(error)}`)
  }
  if (rows.length === 0) throw new Complaint(`${path}: 没有设备 no devices`)
  return rows
}
