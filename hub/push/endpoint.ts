// The way to a push service. A browser names its address, so that the hub could be made to call anything: only https to public
// addresses, judged on the address that is then connected to, and no redirect is followed.
import { lookup } from 'node:dns'
import { Agent, request } from 'node:https'
import { BlockList, isIP } from 'node:net'
import type { LookupFunction } from 'node:net'

/** Not public: IANA's special-purpose registries (RFC 6890 and what came later). */
const SPECIAL = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  SPECIAL.addSubnet(network, prefix, 'ipv4')
const GLOBAL_UNICAST = new BlockList()
GLOBAL_UNICAST.addSubnet('2000::', 3, 'ipv6')
for (const [network, prefix] of [
  // Teredo, benchmarking, ORCHID, documentation, 6to4: each may carry or mean another address.
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  SPECIAL.addSubnet(network, prefix, 'ipv6')

export function isPublicAddress(address: string): boolean {
  const version = isIP(address)
  if (version === 4) return !SPECIAL.check(address, 'ipv4')
  return version === 6 && GLOBAL_UNICAST.check(address, 'ipv6') && !SPECIAL.check(address, 'ipv6')
}

/** By its look; where its name leads is judged when it is called. */
export function isEndpoint(endpoint: string): boolean {
  if (!URL.canParse(endpoint)) return false
  const { protocol, hostname, username, password, port } = new URL(endpoint)
  const host = hostname.replace(/^\[|\]$/g, '')
  if (protocol !== 'https:' || username !== '' || password !== '' || port !== '') return false
  return isIP(host) === 0
    ? /[^.]\.[a-z]{2,}$/i.test(host) && !/\.(?:local|internal|home|lan)$/i.test(host)
    : isPublicAddress(host)
}

export interface Sent {
  readonly status: number
  /** Seconds, where the service says when to try again. */
  readonly retryAfter: number | null
}

/** Calls a push service. Rejects when there is no answer. */
export type Send = (endpoint: string, headers: Readonly<Record<string, string>>, body: Buffer) => Promise<Sent>

const TIMEOUT_MS = 15_000

interface Way {
  readonly mayCall: (address: string) => boolean
  /** Only of tests, whose push service has a certificate of its own. */
  readonly ca?: string
}

/** `agent.destroy` with `close`. */
export function httpsSender({ mayCall, ca }: Way = { mayCall: isPublicAddress }): { send: Send; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 20, ...(ca === undefined ? {} : { ca }) })
  const send: Send = (endpoint, headers, body) =>
    new Promise((resolve, reject) => {
      const literal = new URL(endpoint).hostname.replace(/^\[|\]$/g, '')
      // A literal address is connected to without being looked up.
      if (isIP(literal) !== 0 && !mayCall(literal)) return reject(new Error('the address is not public'))
      const calling = request(
        endpoint,
        {
          method: 'POST',
          headers: { ...headers, 'content-length': String(body.length) },
          agent,
          lookup: guardedLookup(mayCall),
          signal: AbortSignal.timeout(TIMEOUT_MS),
        },
        (answer) => {
          answer.resume()
          const after = Number(answer.headers['retry-after'])
          resolve({ status: answer.statusCode ?? 0, retryAfter: Number.isFinite(after) ? after : null })
        },
      )
      calling.on('error', reject)
      calling.end(body)
    })
  return { send, close: () => agent.destroy() }
}

/** Answers only addresses that may be called, so that what was judged is what is connected to. */
const guardedLookup =
  (mayCall: (address: string) => boolean): LookupFunction =>
  (hostname, options, answer) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return answer(error, [])
      const allowed = addresses.filter(({ address }) => mayCall(address))
      const [first] = allowed
      if (first === undefined) return answer(new Error(`${hostname} has no public address`), [])
      if (options.all === true) answer(null, allowed)
      else answer(null, first.address, first.family)
    })
  }
