// The key file of the personal box. It is made once, with the ledger's first start or by the operator, and never again: a new
// key in the place of a lost one would look like health and open nothing.
import { randomBytes } from 'node:crypto'
import { existsSync, fsyncSync, closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import { LedgerUnusable } from './errors.ts'
import { KEY_BYTES, PersonalBox } from './personal-box.ts'
import { makePrivateDirectory, syncDirectoryOf } from './sqlite/files.ts'
import type { Tables } from './tables.ts'

export const personalKeyFileIn = (directory: string): string => join(directory, 'keys', 'personal.key')

/** Every column that holds sealed values. */
export const SEALED_COLUMNS: readonly { readonly table: keyof Tables; readonly column: string }[] = [
  { table: 'second_factor', column: 'secret_sealed' },
  { table: 'lease', column: 'tenant_name' },
  { table: 'lease', column: 'tenant_phone' },
  { table: 'lease', column: 'landlord_name' },
  { table: 'lease', column: 'landlord_phone' },
]

/** One key a line, base64; the first seals. */
const LINE = /^[A-Za-z0-9+/]{43}=$/

/** Gives the box its keys. Throws LedgerUnusable when what is sealed in `db` could not be opened with them. */
export async function readOrMakePersonalKeys(box: PersonalBox, file: string, db: Kysely<Tables>): Promise<void> {
  const sealedUnder = await keyIdsIn(db)
  if (!existsSync(file) && sealedUnder.length === 0) makeKeyFile(file)
  useKeysOf(box, file, sealedUnder)
}

/**
 * The same where several processes share a ledger: each has its own copy of one file, which none of them makes, or there would
 * be as many keys as copies. `agreed` keeps the id of the first process's key, before anything is sealed with it.
 */
export async function readSharedPersonalKeys(
  box: PersonalBox,
  file: string,
  db: Kysely<Tables>,
  agreed: (keyId: string) => Promise<string>,
): Promise<void> {
  const sealedUnder = await keyIdsIn(db)
  if (!existsSync(file) && sealedUnder.length === 0) {
    throw noKey(
      `找不到个人信息密钥文件 ${file}。请生成一次（openssl rand -base64 32 > personal.key），并把同一个文件放到每台 dashboard 上。`,
      `The personal key file ${file} is missing. Make one, once (openssl rand -base64 32 > personal.key), and put the same file on every dashboard.`,
    )
  }
  useKeysOf(box, file, sealedUnder)
  useKeysOf(box, file, [await agreed(box.sealingKeyId)])
}

function useKeysOf(box: PersonalBox, file: string, sealedUnder: readonly string[]): void {
  if (!existsSync(file)) {
    throw noKey(
      `账本里有加密的个人信息，但找不到密钥文件 ${file}。请把原来的密钥文件放回，或用 ZHIAN_PERSONAL_KEY_FILE 指明它在哪里。`,
      `The ledger holds sealed personal values, but the key file ${file} is missing. Put the old key file back, or say with ZHIAN_PERSONAL_KEY_FILE where it is.`,
    )
  }
  box.useKeys(keysIn(file))
  if (sealedUnder.some((keyId) => !box.knows(keyId))) {
    throw noKey(
      `密钥文件 ${file} 不是加密这个账本里个人信息的那一把。请放回原来的密钥文件。`,
      `The key file ${file} is not the one that sealed the personal values of this ledger. Put the old key file back.`,
    )
  }
}

function keysIn(file: string): Uint8Array[] {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (lines.length === 0 || !lines.every((line) => LINE.test(line))) {
    throw noKey(
      `密钥文件 ${file} 损坏：每行应是一把 ${KEY_BYTES} 字节的 base64 密钥。请放回原来的密钥文件。`,
      `The key file ${file} is damaged: each line must be a key of ${KEY_BYTES} bytes in base64. Put the old key file back.`,
    )
  }
  return lines.map((line) => Buffer.from(line, 'base64'))
}

/** Durable, content and name, before anything is sealed with it. */
function makeKeyFile(file: string): void {
  makePrivateDirectory(dirname(file))
  const descriptor = openSync(file, 'wx', 0o600)
  try {
    writeSync(descriptor, `${randomBytes(KEY_BYTES).toString('base64')}\n`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  syncDirectoryOf(file)
  syncDirectoryOf(dirname(file))
}

async function keyIdsIn(db: Kysely<Tables>): Promise<string[]> {
  const found = new Set<string>()
  for (const { table, column } of SEALED_COLUMNS) {
    // `v1.` and 16 digits: see the envelope of the box.
    const { rows } = await sql<{ key_id: string }>`
      select distinct substr(${sql.ref(column)}, 4, 16) as key_id from ${sql.table(table)}
      where ${sql.ref(column)} is not null`.execute(db)
    for (const { key_id } of rows) found.add(key_id)
  }
  return [...found]
}

function noKey(zh: string, en: string): LedgerUnusable {
  return new LedgerUnusable('no_key', { zh, en })
}
