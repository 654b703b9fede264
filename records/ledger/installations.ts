// Putting devices up, as the callers see the ledger's part.
import type { Install, Replace } from '../../contract/http/installs.ts'
import type { Attributes } from '../../contract/http/devices.ts'
import type { Actor, LedgerDevice } from '../ledger.ts'
import type { Scope } from '../scope.ts'

export interface Installations {
  /**
   * Registers the device, or claims one that was prepared: registered, never heard, and at no site or at one in the scope.
   * `name`: for one that has none yet. The token is answered this once.
   */
  install(
    actor: Actor,
    scope: Scope,
    device: Install & { readonly name: string; readonly installedAt: string },
  ): Promise<{ device: LedgerDevice; token: string; claimed: boolean }>
  /** Another set under the same id at the same place. The old token is worthless once the caller's memory knows. */
  replace(
    actor: Actor,
    id: string,
    set: Replace & { readonly installedAt: string },
  ): Promise<{ device: LedgerDevice; token: string }>
  /** Changes attributes and leaves the others. */
  describe(actor: Actor, id: string, attributes: Attributes): Promise<LedgerDevice>
}
