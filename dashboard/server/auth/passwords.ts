// Passwords: Argon2id at OWASP's first choice for it (19 MiB, 2 passes, 1 lane), and never more at once than the machine bears.
import { hash, verify } from '@node-rs/argon2'
import { ApiError } from '../errors.ts'

const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** Hashes under way; each takes 19 MiB and one thread of libuv's four. */
const AT_ONCE = 2
/** Waiting beyond these are told to come again: a flood of sign-ins must not grow without bound. */
const WAITING = 100

let running = 0
const queue: (() => void)[] = []

async function oneOfFew<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) {
    if (queue.length >= WAITING) throw new ApiError('unavailable')
    // The slot is handed over by the one that finishes: `running` does not change.
    await new Promise<void>((resolve) => queue.push(resolve))
  } else running += 1
  try {
    return await work()
  } finally {
    const next = queue.shift()
    if (next === undefined) running -= 1
    else next()
  }
}

export const hashPassword = (password: string): Promise<string> => oneOfFew(() => hash(password.normalize('NFC'), COST))

/** Verified against when there is no such user, so that both answers cost the same. */
const nobody = hash('no user has this password', COST)

/** False for `null` (no such user, one without a password, or one that may not sign in), after as much work as a wrong password. */
export async function verifyPassword(stored: string | null, password: string): Promise<boolean> {
  const against = stored ?? (await nobody)
  const right = await oneOfFew(() => verify(against, password.normalize('NFC')))
  return right && stored !== null
}
