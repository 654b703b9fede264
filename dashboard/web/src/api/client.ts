// One way to call the hub: JSON in and out, parsed at the door, failures as one typed error.
import type * as z from 'zod'
import { errorBodySchema } from '../../../../contract/errors.ts'
import type { ErrorCode } from '../../../../contract/errors.ts'

/** `unreachable`: no answer. `timeout`: none in time, so it may or may not have been done. `unexpected`: not the contract. */
export type FailureCode = ErrorCode | 'unreachable' | 'timeout' | 'unexpected'

export class CallError extends Error {
  readonly code: FailureCode
  readonly status: number
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: FailureCode, status: number, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.name = 'CallError'
    this.code = code
    this.status = status
    this.details = details
  }
}

export interface CallOptions {
  readonly body?: unknown
  /** Sent as text/csv instead of JSON. */
  readonly csv?: string | Blob
  /** Sent as it is: the hub looks at the content for what it is. */
  readonly file?: Blob
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  /** The body is a credential: a 401 says that it is wrong, and nothing of the session. */
  readonly signingIn?: boolean
}

const DEFAULT_TIMEOUT_MS = 10_000

/** Told of every 401, so that the session can ask for the password without taking the page away. */
let onUnauthorized: () => void = () => undefined
export function whenUnauthorized(listener: () => void): void {
  onUnauthorized = listener
}

export async function call<T extends z.ZodType>(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  schema: T,
  options: CallOptions = {},
): Promise<z.infer<T>> {
  const response = await send(method, path, options)
  const body: unknown = response.status === 204 ? null : await response.json().catch(() => undefined)
  if (!response.ok) throw failureOf(response.status, body, options.signingIn)
  const parsed = schema.safeParse(body)
  if (!parsed.success) throw new CallError('unexpected', response.status, parsed.error.message)
  return parsed.data
}

async function send(method: string, path: string, options: CallOptions): Promise<Response> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout])
  const init: RequestInit = { method, signal, credentials: 'same-origin' }
  if (options.csv !== undefined) {
    init.body = options.csv
    init.headers = { 'content-type': 'text/csv; charset=utf-8' }
  } else if (options.file !== undefined) {
    init.body = options.file
    init.headers = { 'content-type': 'application/octet-stream' }
  } else if (options.body !== undefined) {
    init.body = JSON.stringify(options.body)
    init.headers = { 'content-type': 'application/json' }
  }
  try {
    return await fetch(path, init)
  } catch (error) {
    if (options.signal?.aborted) throw error
    throw timeout.aborted
      ? new CallError('timeout', 0, 'no answer in time')
      : new CallError('unreachable', 0, String(error))
  }
}

export function failureOf(status: number, body: unknown, signingIn = false): CallError {
  if (status === 401 && !signingIn) onUnauthorized()
  const parsed = errorBodySchema.safeParse(body)
  if (!parsed.success) return new CallError('unexpected', status, `HTTP ${status}`)
  const { code, message, details } = parsed.data.error
  return new CallError(code, status, message, details ?? {})
}
