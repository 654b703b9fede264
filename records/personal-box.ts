// Personal values in the ledger are sealed: AES-256-GCM under a key that lies in a file outside the database, so that a copy
// of the ledger tells nobody's name. The envelope says which key sealed it; the place it was made for (`lease:42:phone`) is
// authenticated with it, so that a value moved to another row or column does not open.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

const VERSION = 'v1'
const ALGORITHM = 'aes-256-gcm'
export const KEY_BYTES = 32
/** GCM's own nonce length; random nonces are safe for 2^32 values a key. */
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** `v1.<key id>.<base64url of nonce, tag, ciphertext>`. */
const ENVELOPE = /^v1\.([0-9a-f]{16})\.([A-Za-z0-9_-]+)$/

/** Part of a hash: tells keys apart and nothing about them. */
export function keyIdOf(key: Uint8Array): string {
  return createHash('sha256').update('zhian personal key').update(key).digest('hex').slice(0, 16)
}

/** Which key sealed a value; null for what no box sealed. */
export function sealedBy(sealed: string): string | null {
  return ENVELOPE.exec(sealed)?.[1] ?? null
}

/** A value that does not open: of another place, of a key that is not here, or changed. Says nothing of the value. */
export class NotOpened extends Error {
  override readonly name = 'NotOpened'
}

/** Empty until it is given keys, at the ledger's start. */
export class PersonalBox {
  readonly #keys = new Map<string, Uint8Array>()
  #sealing = ''

  /** The first key seals, every one opens: a new key is put before the old. */
  useKeys(keys: readonly Uint8Array[]): void {
    this.#keys.clear()
    for (const key of keys) this.#keys.set(keyIdOf(key), key)
    this.#sealing = keys[0] === undefined ? '' : keyIdOf(keys[0])
  }

  /** Id of the key that seals; '' before there is one. */
  get sealingKeyId(): string {
    return this.#sealing
  }

  knows(keyId: string): boolean {
    return this.#keys.has(keyId)
  }

  seal(text: string, context: string): string {
    const key = this.#keys.get(this.#sealing)
    if (key === undefined) throw new Error('The ledger is not open: nothing can be sealed.')
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(associated(this.#sealing, context))
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return `${VERSION}.${this.#sealing}.${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')}`
  }

  /** Throws NotOpened. */
  open(sealed: string, context: string): string {
    const [, keyId = '', body = ''] = ENVELOPE.exec(sealed) ?? []
    const key = this.#keys.get(keyId)
    const bytes = Buffer.from(body, 'base64url')
    if (key === undefined || bytes.length < NONCE_BYTES + TAG_BYTES)
      throw new NotOpened('No key here opens this value.')
    try {
      const nonce = bytes.subarray(0, NONCE_BYTES)
      const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
      decipher.setAAD(associated(keyId, context))
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString(
        'utf8',
      )
    } catch (error) {
      throw new NotOpened('The value was changed, or belongs elsewhere.', { cause: error })
    }
  }
}

const associated = (keyId: string, context: string): Buffer => Buffer.from(`${VERSION}.${keyId}.${context}`, 'utf8')
