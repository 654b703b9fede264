// Message encryption for Web Push (RFC 8291, `aes128gcm` of RFC 8188): one record, readable by that telephone's browser alone.
import { createCipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto'

export interface Recipient {
  /** base64url: the browser's public key, an uncompressed point of P-256. */
  readonly p256dh: string
  /** base64url: 16 secret bytes. */
  readonly auth: string
}

/** The hub's side of one message; another each time. Only the test of the standard's own example gives them. */
export interface OneTime {
  readonly privateKey: Buffer
  readonly salt: Buffer
}

const RECORD_SIZE = 4096
/** After the last record's text (RFC 8188, 2). */
const LAST_RECORD = Buffer.from([2])
/** What one record holds: its tag and the delimiter are part of it. */
const LONGEST = RECORD_SIZE - 17

const derive = (key: Buffer, salt: Buffer, info: Buffer, length: number): Buffer =>
  Buffer.from(hkdfSync('sha256', key, salt, info, length))

/** Throws for a key that is no point of the curve, and for a text that one record does not hold. */
export function encrypted(text: Buffer, recipient: Recipient, oneTime?: OneTime): Buffer {
  if (text.length > LONGEST) throw new Error(`a push message of ${text.length} bytes does not fit one record`)
  const theirs = Buffer.from(recipient.p256dh, 'base64url')
  const ours = createECDH('prime256v1')
  if (oneTime === undefined) ours.generateKeys()
  else ours.setPrivateKey(oneTime.privateKey)
  const salt = oneTime?.salt ?? randomBytes(16)
  const ourPoint = ours.getPublicKey()
  const about = Buffer.concat([Buffer.from('WebPush: info\0'), theirs, ourPoint])
  const secret = derive(ours.computeSecret(theirs), Buffer.from(recipient.auth, 'base64url'), about, 32)
  const key = derive(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16)
  const nonce = derive(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12)
  const cipher = createCipheriv('aes-128-gcm', key, nonce)
  const body = Buffer.concat([cipher.update(text), cipher.update(LAST_RECORD), cipher.final(), cipher.getAuthTag()])
  const head = Buffer.alloc(5)
  head.writeUInt32BE(RECORD_SIZE, 0)
  head.writeUInt8(ourPoint.length, 4)
  return Buffer.concat([salt, head, ourPoint, body])
}
