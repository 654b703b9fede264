// What goes wrong, in the closed list of the contract; messages are Chinese first, English after it.
import { ERRORS, type ErrorBody, type ErrorCode } from '../../contract/errors.ts'

const MESSAGES = {
  invalid: '请求内容有误，请按提示修改后再试。 The request is not valid; see the details.',
  unauthorized: '请先登录。 Sign in first.',
  forbidden: '您没有此操作的权限。 You may not do this.',
  not_found: '没有找到，或不在您的管辖范围内。 Not found, or not within your scope.',
  stale: '情况已有变化，请查看最新状态后再操作。 It has changed since; look again before you act.',
  exists: '已经存在。 It exists already.',
  too_large: '内容过大。 Too large.',
  refused: '当前状态下不能这样操作。 This cannot be done in the present state.',
  rate_limited: '操作过于频繁，请稍后再试。 Too often; try again later.',
  internal: '系统内部错误，已记录。 An internal error; it has been logged.',
  unavailable: '系统暂时无法处理，请稍后再试。 The hub cannot do this at the moment; try again soon.',
} as const satisfies Record<ErrorCode, string>

export class ApiError extends Error {
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>> | undefined

  constructor(code: ErrorCode, details?: Readonly<Record<string, unknown>>, message: string = MESSAGES[code]) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.details = details
  }

  get status(): number {
    return ERRORS[this.code].status
  }

  get body(): ErrorBody {
    return {
      error: {
        code: this.code,
        message: this.message,
        ...(this.details === undefined ? {} : { details: { ...this.details } }),
      },
    }
  }
}

/** One wrong field of an `invalid`. */
export interface Issue {
  readonly path: string
  readonly message: string
}

export const invalid = (issues: readonly Issue[], message?: string, reason?: string): ApiError =>
  new ApiError('invalid', { issues, ...(reason === undefined ? {} : { reason }) }, message)
