// A fingerprint of many things whatever their order: how many, and the sum of their SHA-256 (modulo 2^256).
import { createHash } from 'node:crypto'

const MODULUS = 1n << 256n

export class Digest {
  #count = 0
  #sum = 0n

  add(canonical: string): void {
    this.#count += 1
    this.#sum = (this.#sum + BigInt(`0x${createHash('sha256').update(canonical).digest('hex')}`)) % MODULUS
  }

  get count(): number {
    return this.#count
  }

  /** 64 hexadecimal digits. */
  get hash(): string {
    return this.#sum.toString(16).padStart(64, '0')
  }

  equals(other: Digest): boolean {
    return this.#count === other.#count && this.#sum === other.#sum
  }
}
