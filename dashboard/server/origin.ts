// From where a call really comes: its address and its scheme as far as trusted proxies tell, and whether a browser sent
// it from one of our own pages. The same answer for HTTP and for the feed's handshake.
import { BlockList, isIP } from 'node:net'
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'

const plain = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address)

/** True for addresses of the list; throws on an entry that is neither an address nor a subnet. */
export function trustOf(proxies: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const entry of proxies) {
    const [, address = '', bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(entry) ?? []
    const family = isIP(address)
    const longest = family === 4 ? 32 : 128
    const prefix = bits === undefined ? longest : Number(bits)
    if (family === 0 || prefix > longest) throw new Error(`not an address or subnet of a trusted proxy: ${entry}`)
    list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6')
  }
  return (address) => {
    const family = isIP(plain(address))
    return family !== 0 && list.check(plain(address), family === 4 ? 'ipv4' : 'ipv6')
  }
}

export interface Origin {
  readonly address: string
  readonly secure: boolean
  readonly host: string
  /** False when a proxy, trusted or not, stood between. */
  readonly direct: boolean
}

const first = (header: string | string[] | undefined): string | undefined =>
  (Array.isArray(header) ? header[0] : header)?.split(',')[0]?.trim()

/** Reads X-Forwarded-For from the right: the first address that is no trusted proxy is the caller's. */
export function originOf(request: IncomingMessage, trusted: (address: string) => boolean): Origin {
  const peer = plain(request.socket.remoteAddress ?? '')
  const { headers } = request
  const forwarded = [headers['x-forwarded-for']].flat().join(',')
  let secure = (request.socket as TLSSocket).encrypted === true
  let host = headers.host ?? ''
  let address = peer
  if (trusted(peer)) {
    for (const hop of forwarded
      .split(',')
      .map((part) => part.trim())
      .filter((part) => isIP(part) !== 0)
      .toReversed()) {
      address = plain(hop)
      if (!trusted(address)) break
    }
    secure = (first(headers['x-forwarded-proto']) ?? (secure ? 'https' : 'http')) === 'https'
    host = first(headers['x-forwarded-host']) ?? host
  }
  const direct = headers['x-forwarded-for'] === undefined && headers.forwarded === undefined
  return { address, secure, host, direct }
}

/**
 * Whether a call that changes something, or opens the feed, may be believed to come from our own page. Browsers always send
 * `Origin` with these; without it and without `Sec-Fetch-Site` the caller is no browser and carries no foreign cookie.
 */
export function fromOwnPage(request: IncomingMessage, origin: Origin, allowed: readonly string[]): boolean {
  const site = request.headers['sec-fetch-site']
  const claimed = request.headers.origin
  if (claimed !== undefined && allowed.includes(claimed)) return true
  if (site !== undefined && site !== 'same-origin') return false
  return claimed === undefined || claimed === `${origin.secure ? 'https' : 'http'}://${origin.host}`
}

const LOOPBACK = /^(?:127\.|::1$)/

/** The call comes from this machine, and no proxy speaks for someone else. */
export const isLoopback = ({ direct, address }: Origin): boolean => direct && LOOPBACK.test(address)
