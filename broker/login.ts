// What becomes of a CONNECT: who it is and which will it may leave, or why it is refused. Whatever the credential source does —
// answer, throw or hang — there is an answer in bounded time, and never an open door.
import type { ConnectPacket, Will } from './packets.ts'
import type { BrokerLimits } from './limits.ts'
import type { Admission, Identity, Policy } from './policy.ts'
import type { RefusalReason } from './refusals.ts'
import { within } from './within.ts'

export interface LoginHost {
  readonly limits: BrokerLimits
  readonly policy: Policy
  readonly stopping: boolean
  unexpected(error: unknown): void
  /** A login was right; returns how long to make it wait, ms. */
  loginDelay(identity: Identity): number
}

export type LoginVerdict =
  | { readonly ok: true; readonly identity: Identity; readonly will: Will | null }
  | { readonly ok: false; readonly reason: RefusalReason; readonly deviceId: string | null }

/** `slowed` is called when a login that was right is made to wait. */
export async function decideLogin(host: LoginHost, packet: ConnectPacket, slowed: () => void): Promise<LoginVerdict> {
  const refused = (reason: RefusalReason): LoginVerdict => ({ ok: false, reason, deviceId: packet.username })
  if (packet.level < 0) return refused('protocol_version')
  if (!isClientId(packet, host.limits.clientIdBytes)) return refused('client_id')

  const admission = await admit(host, packet)
  if (!admission.ok) return admission
  const { identity } = admission
  const delayMs = host.loginDelay(identity)
  if (delayMs > 0) {
    slowed()
    await new Promise((resolve) => setTimeout(resolve, delayMs).unref())
  }
  if (host.stopping) return refused('stopping')
  if (packet.will === null) return { ok: true, identity, will: null }
  const route = host.policy.route(identity, packet.will.topic)
  if (typeof route === 'string') return refused('will_denied')
  return { ok: true, identity, will: { ...packet.will, retain: packet.will.retain && route.mayRetain } }
}

/** An empty one asks for a clean session (MQTT-3.1.3-8) and is not known to MQTT 3.1. */
const isClientId = ({ clientId, clean, level }: ConnectPacket, maxBytes: number): boolean =>
  clientId === '' ? clean && level === 4 : Buffer.byteLength(clientId) <= maxBytes

async function admit(host: LoginHost, { clientId, username, password }: ConnectPacket): Promise<Admission> {
  try {
    const admission = await within(host.limits.loginMs, () => host.policy.admit({ clientId, username, password }))
    return admission ?? { ok: false, reason: 'login_timeout', deviceId: username }
  } catch (error) {
    host.unexpected(error)
    return { ok: false, reason: 'login_failed', deviceId: username }
  }
}
