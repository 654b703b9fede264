// A push service as browsers' makers run them, on this machine: takes messages over https, checks who sends (RFC 8292), and
// opens them as the browser would, with its private key (RFC 8291). Written apart from the hub's own encryption.
import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { CertificateFiles } from './certificate.ts'

export interface Browser {
  readonly endpoint: string
  readonly keys: { readonly p256dh: string; readonly auth: string }
}

export interface Received {
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Of the signed word. */
  readonly claims: { readonly aud: string; readonly exp: number; readonly sub: string }
  /** base64url. */
  readonly sender: string
  readonly payload: Record<string, unknown>
}

interface Subscriber {
  readonly ecdh: ReturnType<typeof createECDH>
  readonly auth: Buffer
}

export class PushService {
  readonly received: Received[] = []
  readonly problems: string[] = []
  calls = 0
  /** Answers in this order, then 201 for ever. */
  readonly answers: { status: number; retryAfter?: number }[] = []
  readonly #server
  readonly #subscribers = new Map<string, Subscriber>()
  #port = 0

  constructor(files: CertificateFiles) {
    this.#server = createServer({ cert: files.cert, key: readFileSync(files.keyPath) }, (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        this.calls += 1
        const { status, retryAfter } = this.answers.shift() ?? { status: 201 }
        if (status < 300)
          try {
            this.received.push(this.#open(request.url ?? '', request.headers, Buffer.concat(chunks)))
          } catch (error) {
            this.problems.push(String(error))
          }
        response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }).end()
      })
    })
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.#port = (this.#server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** What a browser gets that subscribes here. */
  subscribe(name: string): Browser {
    const ecdh = createECDH('prime256v1')
    const p256dh = ecdh.generateKeys('base64url')
    const auth = randomBytes(16)
    this.#subscribers.set(`/${name}`, { ecdh, auth })
    return { endpoint: `https://localhost:${this.#port}/${name}`, keys: { p256dh, auth: auth.toString('base64url') } }
  }

  #open(path: string, headers: Received['headers'], body: Buffer): Received {
    const subscriber = this.#subscribers.get(path)
    if (subscriber === undefined) throw new Error(`nobody subscribed at ${path}`)
    if (headers['content-encoding'] !== 'aes128gcm') throw new Error(`encoded as ${headers['content-encoding']}`)
    const [, token = '', sender = ''] = /^vapid t=([^,]+), k=(\S+)$/.exec(String(headers['authorization'])) ?? []
    const [head = '', claims = '', signature = ''] = token.split('.')
    const point = Buffer.from(sender, 'base64url')
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33).toString('base64url'),
    }
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const whose = { key, dsaEncoding: 'ieee-p1363' } as const
    if (!verify('sha256', Buffer.from(`${head}.${claims}`), whose, Buffer.from(signature, 'base64url')))
      throw new Error('the signature is not the sender’s')
    const said = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Received['claims']
    if (said.aud !== `https://localhost:${this.#port}`) throw new Error(`meant for ${said.aud}`)
    const text = decrypted(body, subscriber)
    return { path, headers, claims: said, sender, payload: JSON.parse(text.toString()) as Record<string, unknown> }
  }
}

/** RFC 8291 and RFC 8188 as the browser reads them. */
export function decrypted(body: Buffer, { ecdh, auth }: Subscriber): Buffer {
  const salt = body.subarray(0, 16)
  const length = body.readUInt8(20)
  const sender = body.subarray(21, 21 + length)
  const derive = (secret: Buffer, with_: Buffer, info: Buffer, bytes: number) =>
    Buffer.from(hkdfSync('sha256', secret, with_, info, bytes))
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), ecdh.getPublicKey(), sender])
  const secret = derive(ecdh.computeSecret(sender), auth, info, 32)
  const key = derive(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16)
  const nonce = derive(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12)
  const sealed = body.subarray(21 + length)
  const opening = createDecipheriv('aes-128-gcm', key, nonce).setAuthTag(sealed.subarray(-16))
  const padded = Buffer.concat([opening.update(sealed.subarray(0, -16)), opening.final()])
  const end = padded.lastIndexOf(2)
  if (end < 0) throw new Error('no end of the last record')
  return padded.subarray(0, end)
}
