// Device tokens: 256 random bits, stored as a keyed SHA-256 and compared in constant time. A slow hash would protect nothing
// here (the token cannot be guessed) and would let a thousand CONNECTs a second stop the hub.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const TOKEN_BYTES = 32

/** A new token: 43 characters of base64url. */
export const newToken = (): string => randomBytes(TOKEN_BYTES).toString('base64url')

/** HMAC-SHA-256 of a token under the hub's key (32 bytes or more, kept outside the ledger). */
export const hashToken = (key: Uint8Array, token: Uint8Array | string): Buffer =>
  createHmac('sha256', key).update(token).digest()

/** Compares two hashes in constant time; hashes of different lengths are never the same. */
export const sameHash = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b)

/** Stands for the hash of a device that does not exist: no token hashes to it except by breaking SHA-256. */
const NO_HASH = Buffer.alloc(TOKEN_BYTES)

/**
 * Whether `token` belongs to `stored`. An unknown device (`stored` null) costs exactly as much as a wrong token, so that
 * the time of an answer does not tell which ids exist.
 */
export function tokenMatches(key: Uint8Array, token: Uint8Array | string, stored: Uint8Array | null): boolean {
  const same = sameHash(hashToken(key, token), stored ?? NO_HASH)
  return same && stored !== null
}
