// The broker's end of the way of commands.
import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Broker } from '../../broker/broker.ts'
import type { Line } from '../../ingest/commands/judge.ts'
import { commandChannel, commandReplyChannel } from '../keys.ts'
import type { Subscriber } from '../subscriber.ts'
import { GRANTED_MS, parseWord } from './words.ts'
import type { AskLine, FromBroker, SendCommand, ToBroker } from './words.ts'

export interface BrokerEndOptions {
  readonly redis: Redis
  readonly subscriber: Subscriber
  readonly node: string
  readonly broker: Pick<Broker, 'listens' | 'isConnected' | 'publishCommand'>
  /** Monotonic and wall time, ms: a machine that slept is told by the second alone. */
  readonly now: () => number
  readonly wall: () => number
}

interface Grant {
  readonly deviceId: string
  readonly gatewayId: string | null
  readonly now: number
  readonly wall: number
}

const GRANTS_AT_MOST = 10_000

export class BrokerEnd {
  private readonly options: BrokerEndOptions
  /** Oldest first. */
  private readonly grants = new Map<string, Grant>()
  private end: () => void = () => undefined

  constructor(options: BrokerEndOptions) {
    this.options = options
  }

  start(): void {
    const { subscriber, node } = this.options
    this.end = subscriber.on(commandChannel(node), (text) => {
      const word = parseWord<ToBroker>(text)
      if (word?.say === 'ask') this.ask(word)
      else if (word?.say === 'send') this.send(word)
    })
  }

  stop(): void {
    this.end()
    this.grants.clear()
  }

  private ask({ id, to, deviceId, gatewayId }: AskLine): void {
    const line = this.lineOf(deviceId, gatewayId)
    this.answer(to, { say: 'line', id, line, grant: line === 'listening' ? this.grant(deviceId, gatewayId) : '' })
  }

  private send({ id, to, grant, deviceId, gatewayId, payload, withinMs }: SendCommand): void {
    const { broker } = this.options
    const age = this.ageOf(grant, deviceId, gatewayId)
    const left = withinMs - age
    const taken =
      age <= GRANTED_MS &&
      left > 0 &&
      broker.publishCommand(deviceId, payload, {
        gatewayId,
        withinMs: left,
        delivered: () => this.answer(to, { say: 'delivered', id }),
      })
    this.answer(to, { say: 'taken', id, taken })
  }

  private lineOf(deviceId: string, gatewayId: string | null): Line {
    const { broker } = this.options
    if (broker.listens(deviceId, gatewayId)) return 'listening'
    return broker.isConnected(gatewayId ?? deviceId) ? 'connected' : 'away'
  }

  private grant(deviceId: string, gatewayId: string | null): string {
    const { now, wall } = this.options
    const name = randomBytes(12).toString('base64url')
    for (const old of this.grants.keys()) {
      if (this.grants.size < GRANTS_AT_MOST && this.age(old) <= GRANTED_MS) break
      this.grants.delete(old)
    }
    this.grants.set(name, { deviceId, gatewayId, now: now(), wall: wall() })
    return name
  }

  /** Once; Infinity where there is none for that device. */
  private ageOf(name: string, deviceId: string, gatewayId: string | null): number {
    const grant = this.grants.get(name)
    if (grant === undefined || grant.deviceId !== deviceId || grant.gatewayId !== gatewayId) return Infinity
    const age = this.age(name)
    this.grants.delete(name)
    return age
  }

  private age(name: string): number {
    const grant = this.grants.get(name)
    if (grant === undefined) return Infinity
    const { now, wall } = this.options
    return Math.max(now() - grant.now, wall() - grant.wall)
  }

  /** Whoever asked and does not hear it knows that he does not know. */
  private answer(to: string, word: FromBroker): void {
    this.options.redis.publish(commandReplyChannel(to), JSON.stringify(word)).catch(() => undefined)
  }
}
