// When each sign-in last gave its password: at the sign-in itself, or again in place. Not kept in the ledger: what is forgotten
// is asked for once more.
import { rowOf } from '../../../contract/roles.ts'
import type { GuardMemory, Moments } from './guard-memory.ts'
import type { Principal } from './principal.ts'

/** Longer than any role's password holds, ms. */
const KEPT_MS = 24 * 3_600_000

const keyOf = ({ credential }: Principal): string =>
  credential.type === 'session' ? `session ${credential.id}` : `token ${credential.token}`

export class Confirmations {
  readonly #given: Moments

  constructor(memory: GuardMemory) {
    this.#given = memory.moments('password given', KEPT_MS)
  }

  confirm(principal: Principal, now: number): Promise<void> {
    return this.#given.note(keyOf(principal), now)
  }

  /** Until when commands are taken, ms; null: the role is never asked; 0: it must be given first. */
  async until(principal: Principal): Promise<number | null> {
    const { confirmCommandsAfter } = rowOf(principal.role).session
    if (confirmCommandsAfter === null) return null
    const again = (await this.#given.at(keyOf(principal))) ?? -Infinity
    const given = Math.max(principal.signedInAt ?? -Infinity, again)
    return given === -Infinity ? 0 : given + confirmCommandsAfter
  }
}
