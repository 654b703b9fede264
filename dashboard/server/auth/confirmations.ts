// When each sign-in last gave its password: at the sign-in itself, or again in place. Kept in memory only: after a restart
// it is asked for once more.
import type { Principal } from './principal.ts'
import { rowOf } from '../../../contract/roles.ts'

const MAX_KEPT = 10_000

const keyOf = ({ credential }: Principal): string =>
  credential.type === 'session' ? `session ${credential.id}` : `token ${credential.token}`

export class Confirmations {
  /** In the order they were given: the oldest first. */
  readonly #given = new Map<string, number>()

  confirm(principal: Principal, now: number): void {
    const key = keyOf(principal)
    this.#given.delete(key)
    this.#given.set(key, now)
    if (this.#given.size <= MAX_KEPT) return
    const oldest = this.#given.keys().next()
    if (!oldest.done) this.#given.delete(oldest.value)
  }

  /** Until when commands are taken, ms; null: the role is never asked; 0: it must be given first. */
  until(principal: Principal): number | null {
    const { confirmCommandsAfter } = rowOf(principal.role).session
    if (confirmCommandsAfter === null) return null
    const given = Math.max(principal.signedInAt ?? -Infinity, this.#given.get(keyOf(principal)) ?? -Infinity)
    return given === -Infinity ? 0 : given + confirmCommandsAfter
  }
}
