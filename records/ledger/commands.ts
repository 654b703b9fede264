// Commands to devices, as their callers see the ledger's part.
import type { Command } from '../../contract/http/commands.ts'
import type { Page } from '../../contract/http/common.ts'
import type { Actor, PageQuery } from '../ledger.ts'
import type { Scope } from '../scope.ts'

export interface CommandLog {
  /** Audited in the same transaction. */
  add(actor: Actor, command: Command): Promise<void>
  save(command: Command): Promise<void>
  find(id: string): Promise<Command | null>
  /** Those that have not ended, oldest first. */
  open(): Promise<Command[]>
  /** Of one device, since it was registered, newest first. Throws `not_found` for a device outside the scope. */
  list(scope: Scope, deviceId: string, query: PageQuery): Promise<Page<Command>>
}
