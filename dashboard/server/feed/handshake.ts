// Who may open a feed socket: from our own pages or no browser at all, signed in, and not too many at once.
import type { IncomingMessage } from 'node:http'
import { credentialOf } from '../auth/credentials.ts'
import { refusalOf } from '../auth/decide.ts'
import type { Principals } from '../auth/principal.ts'
import { ApiError } from '../errors.ts'
import { fromOwnPage, originOf } from '../origin.ts'
import type { Audience } from './audience.ts'
import { UP_ACCESS } from './events.ts'
import type { Admitted, FeedServer, FeedSocket } from './connection.ts'

export const MAX_SOCKETS_A_USER = 20
/** Screens behind one address: a county's desks and wall; trusted proxies are seen through. */
export const MAX_SOCKETS_AN_ADDRESS = 600
/** Connected, not signed in yet; each has 10 s. */
export const MAX_AWAITING = 2_000

export interface HandshakeOptions {
  readonly principals: Principals
  readonly trusted: (address: string) => boolean
  readonly origins: readonly string[]
  readonly parseCookie: (header: string) => Record<string, string | undefined>
  readonly audience: Audience
  readonly refused: (reason: string) => void
}

/** Browsers send cookies with a cross-site WebSocket and CORS does not stop it: the Origin must be exactly ours. */
export function admitRequest(
  { trusted, origins, audience, refused }: HandshakeOptions,
  connected: () => number,
): (request: IncomingMessage, answer: (error: string | null | undefined, ok: boolean) => void) => void {
  return (request, answer) => {
    const cross = !fromOwnPage(request, originOf(request, trusted), origins)
    const reason = cross ? 'cross_site' : connected() - audience.size >= MAX_AWAITING ? 'too_many_awaiting' : null
    if (reason !== null) refused(reason)
    answer(reason, reason === null)
  }
}

/** The error a client gets as `connect_error`, with the contract's body as its `data`. */
class HandshakeError extends Error {
  readonly data: unknown

  constructor(refusal: ApiError) {
    super(refusal.code)
    this.data = refusal.body.error
  }
}

/** Leaves who it is in `socket.data.admitted`. */
export function admitUsers(io: FeedServer, options: HandshakeOptions): void {
  io.use(async (socket, next) => next(await refusalFor(socket)))

  /** What to refuse this socket with; undefined when it is admitted. */
  async function refusalFor(socket: FeedSocket): Promise<HandshakeError | undefined> {
    try {
      socket.data.admitted = await signIn(socket)
      return undefined
    } catch (error) {
      const refusal = error instanceof ApiError ? error : new ApiError('unavailable')
      options.refused(String(refusal.details?.['reason'] ?? refusal.code))
      return new HandshakeError(refusal)
    }
  }

  async function signIn(socket: FeedSocket): Promise<Admitted> {
    const from = originOf(socket.request, options.trusted)
    const { token } = socket.handshake.auth as { token?: unknown }
    const credential =
      typeof token === 'string' && token !== ''
        ? ({ type: 'token', token } as const)
        : credentialOf(
            socket.request.headers.authorization,
            options.parseCookie(socket.request.headers.cookie ?? ''),
            from.secure,
          )
    const principal = credential === null ? null : await options.principals.resolve(credential, 'feed')
    const refusal = refusalOf(UP_ACCESS['feed:resume'], principal, false)
    if (refusal !== null || principal === null) throw refusal ?? new ApiError('unauthorized')
    const admitted = { principal, address: from.address }
    if (tooMany(options.audience, admitted)) throw new ApiError('rate_limited', { reason: 'too_many_sockets' })
    return admitted
  }
}

export const tooMany = (audience: Audience, { principal, address }: Admitted): boolean =>
  audience.ofUser(principal.userId).length >= MAX_SOCKETS_A_USER ||
  audience.fromAddress(address) >= MAX_SOCKETS_AN_ADDRESS
