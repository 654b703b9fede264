// Secrets that this hub hands out to people and machines: 256 random bits, of which only a hash is kept. A plain SHA-256
// will do: there is nothing to guess in 256 random bits.
import { createHash, randomBytes } from 'node:crypto'

export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

export function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
