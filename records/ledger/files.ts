// Files as the ledger's callers see them.
import type { FileType, StoredFile } from '../../contract/http/files.ts'
import type { Page } from '../../contract/http/common.ts'
import type { Readable } from 'node:stream'
import type { Scope } from '../scope.ts'
import type { Actor, PageQuery } from '../ledger.ts'

export interface NewFile {
  /** `device:GAS-12` */
  readonly subject: string
  readonly name: string
  readonly type: FileType
  readonly content: Uint8Array
}

export interface Files {
  /** Whether what a file would belong to exists within the scope. */
  sees(scope: Scope, subject: string): Promise<boolean>
  /** Content and row are durable when it resolves; the content first, so that no row is without it. */
  add(actor: Actor, file: NewFile): Promise<StoredFile>
  /** Of one subject, the newest first; of one outside the scope none. */
  list(scope: Scope, query: PageQuery & { readonly subject: string }): Promise<Page<StoredFile>>
  get(scope: Scope, id: string): Promise<StoredFile | null>
  /** null: the content is gone, e.g. after a restore without the folder of files. */
  read(file: StoredFile): Promise<Readable | null>
  /** The content goes too when no other file shares it. */
  remove(actor: Actor, id: string): Promise<void>
}
