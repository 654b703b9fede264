// How often a sign-in may be tried, so that guessing is slow and nobody can lock a duty desk out. Tries count for an account
// and an address together: whoever hammers an account from elsewhere counts for themself. A browser in which that person has
// signed in before, or is signed in, counts for itself alone. Nothing here ends a session. Time is an argument.
import { isIPv6 } from 'node:net'
import type { GuardMemory, Throttle, Verdict } from './guard-memory.ts'

const MINUTE = 60_000
const WINDOW = 15 * MINUTE
/** Of one account, from one address or in one known browser. */
const TRIES = 5
/** Of one account from all unknown places together: what many addresses may guess. Known browsers are not stopped by it. */
const ACCOUNT_TRIES = 100
/** Of one address, in a minute, whatever accounts. */
const ADDRESS_TRIES = 20
/** Codes of one account: a million codes and three that fit leave a guesser 0.3 % a day who has the password already. */
const CODE_TRIES = 10

export interface Trier {
  /** As typed. */
  readonly username: string
  readonly address: string
  /** What this browser is known by for this account; null: it is not. */
  readonly known: string | null
}

const FREE: Verdict = { ok: true, retryAfter: 0 }

export class SignInThrottle {
  readonly #places: Throttle
  readonly #accounts: Throttle
  readonly #addresses: Throttle
  readonly #codes: Throttle

  constructor(memory: GuardMemory) {
    this.#places = memory.throttle('sign-in place', TRIES, WINDOW)
    this.#accounts = memory.throttle('sign-in account', ACCOUNT_TRIES, WINDOW)
    this.#addresses = memory.throttle('sign-in address', ADDRESS_TRIES, MINUTE)
    this.#codes = memory.throttle('sign-in code', CODE_TRIES, WINDOW)
  }

  /** Before the costly look at a password. */
  async takeAddress({ address, known }: Trier, now: number): Promise<Verdict> {
    return known === null ? this.#addresses.take(groupOf(address), now) : FREE
  }

  async takePassword(trier: Trier, now: number): Promise<Verdict> {
    const place = await this.#places.take(placeOf(trier), now)
    return place.ok && trier.known === null ? this.#accounts.take(trier.username, now) : place
  }

  /** The password was right: what was tried before it is forgotten, and it was no guess. */
  async passwordRight(trier: Trier): Promise<void> {
    await this.#places.clear(placeOf(trier))
    if (trier.known === null) await this.#accounts.giveBack(trier.username)
  }

  takeCode(trier: Trier, now: number): Promise<Verdict> {
    return this.#codes.take(codesOf(trier), now)
  }

  codeRight(trier: Trier): Promise<void> {
    return this.#codes.clear(codesOf(trier))
  }
}

const placeOf = ({ username, address, known }: Trier): string => JSON.stringify([username, known ?? groupOf(address)])
const codesOf = ({ username, known }: Trier): string => JSON.stringify([username, known])

/** One household or office has one IPv4 address, and a /64 of IPv6 to choose from. */
export function groupOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('%', 1).join('').split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0')
  const groups = [...before, ...zeros, ...after].slice(0, 4)
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}
