// What a connection ended for, in the hub's words.
import type { BridgeProblem } from '../../contract/http/bridges.ts'

interface Problem {
  readonly reason: BridgeProblem
  readonly detail: string
}

/** Reason codes of CONNACK and DISCONNECT, MQTT 3.1.1 (below 16) and 5. */
const BY_REASON_CODE: Readonly<Record<number, BridgeProblem>> = {
  3: 'unreachable',
  4: 'login_refused',
  5: 'login_refused',
  133: 'login_refused',
  134: 'login_refused',
  135: 'login_refused',
  136: 'unreachable',
  137: 'unreachable',
  138: 'login_refused',
  139: 'cut',
  140: 'login_refused',
  141: 'timeout',
  142: 'taken_over',
}

const BY_SYSTEM_CODE: Readonly<Record<string, BridgeProblem>> = {
  ECONNREFUSED: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  ETIMEDOUT: 'unreachable',
  ECONNRESET: 'cut',
  EPIPE: 'cut',
}

/** OpenSSL's and Node's words for a certificate that is not believed. */
const TLS = /^(?:CERT_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_|EPROTO)/

export function problemOf(error: Error): Problem {
  const { message } = error
  const code = 'code' in error ? error.code : undefined
  if (typeof code === 'number') return { reason: BY_REASON_CODE[code] ?? 'protocol', detail: message }
  if (typeof code === 'string')
    return { reason: BY_SYSTEM_CODE[code] ?? (TLS.test(code) ? 'tls' : 'cut'), detail: message || code }
  return { reason: /timeout$/i.test(message) ? 'timeout' : 'protocol', detail: message }
}

/** The other side took leave, and may have said why. */
export const problemOfDisconnect = ({ reasonCode }: { readonly reasonCode?: number | undefined }): Problem => ({
  reason: BY_REASON_CODE[reasonCode ?? 0] ?? 'cut',
  detail: reasonCode === undefined || reasonCode === 0 ? '' : `reason code ${reasonCode}`,
})
