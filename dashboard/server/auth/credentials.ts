// Where a call carries its credential: the session cookie of a page, or the bearer token of a machine.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Credential } from './principal.ts'

/** `__Host-` binds the cookie to this host and to HTTPS; browsers refuse that prefix on plain http. */
export const cookieName = (secure: boolean): string => (secure ? '__Host-zhian' : 'zhian')

const BEARER = /^Bearer ([A-Za-z0-9._~+/=-]{1,256})$/

/** A bearer token outranks a cookie: a machine that sends one means it. */
export function credentialOf(
  authorization: string | undefined,
  cookies: Readonly<Record<string, string | undefined>>,
  secure: boolean,
): Credential | null {
  if (authorization !== undefined) {
    const token = BEARER.exec(authorization)?.[1]
    return token === undefined ? null : { type: 'token', token }
  }
  const id = cookies[cookieName(secure)]
  return id === undefined || id === '' ? null : { type: 'session', id }
}

/**
 * Strict: no other site's link, form or frame ever carries it. Nothing is lost by it, for pages are served without signing in
 * and ask for everything from their own origin. The hub decides when it ends; Max-Age only makes a browser keep it over
 * its own restart, which must not sign a desk out.
 */
export function setSessionCookie(request: FastifyRequest, reply: FastifyReply, id: string, seconds: number): void {
  reply.setCookie(cookieName(request.from.secure), id, {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: request.from.secure,
    maxAge: seconds,
  })
}

/** Says that somebody has signed in with this browser before; it opens nothing. */
const knownName = (secure: boolean): string => (secure ? '__Host-zhian-known' : 'zhian-known')
/** As long as browsers keep any cookie, s. */
const KNOWN_SECONDS = 400 * 86_400

export const knownBrowserOf = (request: FastifyRequest): string | null =>
  request.cookies[knownName(request.from.secure)]?.slice(0, 128) ?? null

export function setKnownBrowser(request: FastifyRequest, reply: FastifyReply, secret: string): void {
  reply.setCookie(knownName(request.from.secure), secret, {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: request.from.secure,
    maxAge: KNOWN_SECONDS,
  })
}

export function clearSessionCookie(request: FastifyRequest, reply: FastifyReply): void {
  reply.clearCookie(cookieName(request.from.secure), {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: request.from.secure,
  })
}
