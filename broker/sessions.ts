// Sessions that outlive their connection (clean session 0): how many, how long, and what they still owe on QoS 2.
// Time is an argument (monotonic ms).
import { InboundQos2 } from './inbound-qos2.ts'
import type { BrokerLimits } from './limits.ts'
import type { Identity } from './policy.ts'

interface Session {
  readonly deviceId: string | null
  readonly inbound: InboundQos2
  connections: number
  offlineSince: number
}

type SessionLimits = Pick<BrokerLimits, 'qos2Window' | 'sessionMs' | 'sessions' | 'sessionsPerDevice'>

export class Sessions {
  readonly #limits: SessionLimits
  readonly #drop: (clientId: string) => void
  /** In the order of their last use, the least recent first. */
  readonly #sessions = new Map<string, Session>()
  readonly #perDevice = new Map<string, number>()

  /** `drop` clears what the broker core keeps for a session that ended. */
  constructor(limits: SessionLimits, drop: (clientId: string) => void) {
    this.#limits = limits
    this.#drop = drop
  }

  get size(): number {
    return this.#sessions.size
  }

  /** A connection begins; returns the QoS 2 state that it continues. */
  open({ clientId, deviceId }: Identity, clean: boolean): InboundQos2 {
    const known = this.#sessions.get(clientId)
    if (clean) {
      if (known) this.#remove(clientId, known)
      return new InboundQos2(this.#limits.qos2Window)
    }
    if (known) {
      this.#sessions.delete(clientId)
      this.#sessions.set(clientId, known)
      known.connections += 1
      return known.inbound
    }
    this.#makeRoom(deviceId)
    const inbound = new InboundQos2(this.#limits.qos2Window)
    this.#sessions.set(clientId, { deviceId, inbound, connections: 1, offlineSince: 0 })
    if (deviceId !== null) this.#perDevice.set(deviceId, (this.#perDevice.get(deviceId) ?? 0) + 1)
    return inbound
  }

  closed(clientId: string, inbound: InboundQos2, now: number): void {
    const session = this.#sessions.get(clientId)
    // Another session may have taken the name meanwhile.
    if (!session || session.inbound !== inbound) return
    session.connections -= 1
    session.offlineSince = now
  }

  expire(now: number): void {
    for (const [clientId, session] of this.#sessions) {
      if (session.connections === 0 && now - session.offlineSince >= this.#limits.sessionMs)
        this.#end(clientId, session)
    }
  }

  /** Ends every session of a device: its rights are gone, and so is what was queued under them. */
  forget(deviceId: string): void {
    for (const [clientId, session] of this.#sessions) {
      if (session.deviceId === deviceId) this.#end(clientId, session)
    }
  }

  #makeRoom(deviceId: string | null): void {
    const full = this.#sessions.size >= this.#limits.sessions
    const deviceFull = deviceId !== null && (this.#perDevice.get(deviceId) ?? 0) >= this.#limits.sessionsPerDevice
    if (!full && !deviceFull) return
    for (const [clientId, session] of this.#sessions) {
      if (session.connections > 0 || (!full && session.deviceId !== deviceId)) continue
      this.#end(clientId, session)
      return
    }
  }

  #end(clientId: string, session: Session): void {
    this.#remove(clientId, session)
    this.#drop(clientId)
  }

  #remove(clientId: string, { deviceId }: Session): void {
    this.#sessions.delete(clientId)
    if (deviceId === null) return
    const left = (this.#perDevice.get(deviceId) ?? 0) - 1
    if (left > 0) this.#perDevice.set(deviceId, left)
    else this.#perDevice.delete(deviceId)
  }
}
