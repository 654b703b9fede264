// Contents of files, from the folder beside the ledger into the database.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Readable } from 'node:stream'
import { contentHash } from '../file-contents.ts'
import type { Contents } from '../files.ts'
import type { Tables } from '../tables.ts'

export interface MovedContents {
  readonly moved: number
  /** Named by a row, and in no folder: missing before the move as well. */
  readonly missing: number
}

export async function contentsNamedIn(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ sha256: string }>`select distinct sha256 from file order by sha256`.execute(db)
  return rows.map((row) => row.sha256)
}

/** Those that are there already are left. */
export async function moveContents(named: readonly string[], from: Contents, to: Contents): Promise<MovedContents> {
  let moved = 0
  let missing = 0
  for (const sha256 of named) {
    if ((await wholeIn(to, sha256)) === 'whole') continue
    const content = await contentOf(from, sha256)
    if (content === null || contentHash(content) !== sha256) missing += 1
    else {
      await to.write(sha256, content)
      moved += 1
    }
  }
  return { moved, missing }
}

/** Hashes of those that the source has and the target has not, or not as they were. */
export async function differingContents(named: readonly string[], from: Contents, to: Contents): Promise<string[]> {
  const differing: string[] = []
  for (const sha256 of named)
    if ((await wholeIn(from, sha256)) === 'whole' && (await wholeIn(to, sha256)) !== 'whole') differing.push(sha256)
  return differing
}

async function wholeIn(contents: Contents, sha256: string): Promise<'whole' | 'other' | 'missing'> {
  const content = await contentOf(contents, sha256)
  if (content === null) return 'missing'
  return contentHash(content) === sha256 ? 'whole' : 'other'
}

async function contentOf(contents: Contents, sha256: string): Promise<Buffer | null> {
  const stream: Readable | null = await contents.read(sha256)
  if (stream === null) return null
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
