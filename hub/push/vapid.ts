// Who sends (VAPID, RFC 8292): a key pair of this hub, made at its first start and kept in the ledger, and the signed word that
// goes with each message. A browser takes messages of the key it subscribed with and of no other.
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Ledger } from '../../records/ledger.ts'

/** Setting: the private key, PKCS #8 in base64. Never logged, never answered. */
const VAPID_KEY = 'push_vapid_key'
/** A day is the most that push services take. */
const VALID_SECONDS = 12 * 3_600

export class Vapid {
  readonly #key: KeyObject
  /** base64url, as `PushManager.subscribe` takes it. */
  readonly publicKey: string
  readonly #contact: string

  /** `contact`: a mailto: or https: address where the push service's operator reaches this hub's. */
  constructor(key: KeyObject, contact: string) {
    this.#key = key
    this.#contact = contact
    this.publicKey = pointOf(key).toString('base64url')
  }

  static async of(settings: Pick<Ledger['settings'], 'ensure'>, contact: string): Promise<Vapid> {
    const kept = await settings.ensure(VAPID_KEY, () => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      return privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')
    })
    return new Vapid(createPrivateKey({ key: Buffer.from(kept, 'base64'), format: 'der', type: 'pkcs8' }), contact)
  }

  /** The `Authorization` header for a message to that endpoint. `now`: wall time, ms. */
  authorization(endpoint: string, now: number): string {
    const claims = { aud: new URL(endpoint).origin, exp: Math.floor(now / 1000) + VALID_SECONDS, sub: this.#contact }
    const body = [{ typ: 'JWT', alg: 'ES256' }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    const signature = sign('sha256', Buffer.from(body), { key: this.#key, dsaEncoding: 'ieee-p1363' })
    return `vapid t=${body}.${signature.toString('base64url')}, k=${this.publicKey}`
  }
}

/** The uncompressed point: 4, x, y. */
function pointOf(key: KeyObject): Buffer {
  const { x = '', y = '' } = createPublicKey(key).export({ format: 'jwk' })
  return Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
}
