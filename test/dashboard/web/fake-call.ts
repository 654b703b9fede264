// What the fake hub's routes share: who calls, refusals of the contract, pages of a list.
import type { FastifyRequest } from 'fastify'
import type { ErrorCode } from '../../../contract/errors.ts'
import type { FakeHub, FakeUser } from './fake-hub.ts'

export class Refusal extends Error {
  readonly code: ErrorCode
  readonly details: Record<string, unknown> | undefined
  constructor(code: ErrorCode, message: string, details?: Record<string, unknown>) {
    super(message)
    this.code = code
    this.details = details
  }
}

export function userOf(hub: FakeHub, request: FastifyRequest): FakeUser {
  const user = hub.signedIn.get(request.cookies['zhian'] ?? '')
  if (user === undefined) throw new Refusal('unauthorized', '请先登录。')
  return user
}

export function adminOf(hub: FakeHub, request: FastifyRequest): FakeUser {
  const user = userOf(hub, request)
  if (user.role !== 'admin') throw new Refusal('forbidden', '没有权限。')
  return user
}

export const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id

export function pageFor<T>(items: readonly T[], request: FastifyRequest) {
  const { limit = '50', cursor = '0' } = request.query as Record<string, string>
  const [from, size] = [Number(cursor), Number(limit)]
  const to = from + size
  return { items: items.slice(from, to), next: to < items.length ? String(to) : null, total: items.length }
}
