// Every error becomes one of the contract's; what is inside stays in the log.
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import type { FastifyError, FastifyRequest } from 'fastify'
import { API_ROOT } from '../../contract/http/common.ts'
import type { ErrorCode } from '../../contract/errors.ts'
import { LedgerError } from '../../records/errors.ts'
import type { App } from './app.ts'
import { ApiError, invalid } from './errors.ts'
import type { LogSink } from './options.ts'

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid',
  403: 'forbidden',
  404: 'not_found',
  408: 'unavailable',
  413: 'too_large',
  415: 'invalid',
  429: 'rate_limited',
  503: 'unavailable',
}

export function apiErrorOf(error: unknown): ApiError | null {
  if (error instanceof ApiError) return error
  if (error instanceof LedgerError) return new ApiError(error.code, error.details, error.message)
  if (hasZodFastifySchemaValidationErrors(error)) {
    return invalid(
      error.validation.map((issue) => ({
        path: issue.instancePath.split('/').filter(Boolean).join('.'),
        message: issue.message ?? '',
      })),
    )
  }
  const { statusCode, message } = error as Partial<FastifyError>
  const code = statusCode === undefined ? undefined : BY_STATUS[statusCode]
  if (code === undefined) return null
  // Fastify's own text says what is wrong with the body (JSON syntax, media type); it carries nothing of ours.
  return code === 'invalid' ? invalid([{ path: '', message: message ?? '' }]) : new ApiError(code)
}

export function handleErrors(app: App, log: LogSink): void {
  app.setErrorHandler((error: unknown, request: FastifyRequest, reply) => {
    const known = apiErrorOf(error)
    const answer = known ?? new ApiError('internal')
    if (known === null || known.code === 'internal')
      log.error({ err: error, method: request.method, route: request.routeOptions.url }, 'request failed')
    const after = answer.details?.['retryAfter']
    if (typeof after === 'number') void reply.header('retry-after', Math.ceil(after / 1000))
    return reply.code(answer.status).type('application/json; charset=utf-8').send(JSON.stringify(answer.body))
  })
}

export const isApi = (url: string): boolean => url === API_ROOT || url.startsWith('/api/')
