// The worker's end of the way of commands: finds the broker that holds the device's connection, and asks it.
import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { partitionOf } from '../../contract/partitions.ts'
import type { Line } from '../../ingest/commands/judge.ts'
import type { CommandLine } from '../../ingest/commands/ports.ts'
import { commandChannel, commandReplyChannel, linesOf } from '../keys.ts'
import type { Subscriber } from '../subscriber.ts'
import { parseWord } from './words.ts'
import type { FromBroker, ToBroker } from './words.ts'

export interface WorkerEndOptions {
  readonly redis: Pick<Redis, 'hget' | 'publish'>
  readonly subscriber: Subscriber
  readonly node: string
  /** Monotonic, ms. */
  readonly now: () => number
}

type Said = Extract<FromBroker, { say: 'line' | 'taken' }>

const ANSWER_WITHIN_MS = 3_000
/** How long after a command's life the word that it was delivered is still listened for, ms. */
const DELIVERED_GRACE_MS = 5_000

/** Somebody may have got it, or not: the answer did not come. */
const UNKNOWN = 'unknown'
const NOBODY = 'nobody'

export class WorkerEnd implements CommandLine {
  private readonly options: WorkerEndOptions
  private readonly waiting = new Map<string, (said: Said | typeof UNKNOWN) => void>()
  private readonly delivered = new Map<string, () => void>()
  private readonly timers = new Set<NodeJS.Timeout>()
  private end: () => void = () => undefined

  constructor(options: WorkerEndOptions) {
    this.options = options
  }

  start(): void {
    const { subscriber, node } = this.options
    this.end = subscriber.on(commandReplyChannel(node), (text) => {
      const word = parseWord<FromBroker>(text)
      if (word?.say === 'delivered') this.delivered.get(word.id)?.()
      else if (word !== null) this.waiting.get(word.id)?.(word)
    })
  }

  stop(): void {
    this.end()
    for (const timer of this.timers) clearTimeout(timer)
    this.timers.clear()
    this.delivered.clear()
    for (const hear of [...this.waiting.values()]) hear(UNKNOWN)
  }

  /** 'away' also where it cannot be found out: nothing was sent. */
  async lineOf(deviceId: string, gatewayId: string | null): Promise<Line> {
    const found = await this.find(deviceId, gatewayId)
    return found?.line ?? 'away'
  }

  /** False only where it is certain that no device got it; what is not known ends by its own time. */
  async send(
    deviceId: string,
    gatewayId: string | null,
    payload: string,
    { withinMs, delivered }: { readonly withinMs: number; readonly delivered: () => void },
  ): Promise<boolean> {
    const due = this.options.now() + withinMs
    const found = await this.find(deviceId, gatewayId)
    const left = due - this.options.now()
    if (found === null || found.line !== 'listening' || !(left > 0)) return false
    const { broker, grant } = found
    const id = newWord()
    this.delivered.set(id, delivered)
    this.later(left + DELIVERED_GRACE_MS, () => this.delivered.delete(id))
    const word = {
      say: 'send',
      id,
      to: this.options.node,
      deviceId,
      gatewayId,
      grant,
      payload,
      withinMs: left,
    } as const
    const said = await this.say(broker, word)
    if (said === NOBODY || (said !== UNKNOWN && said.say === 'taken' && !said.taken)) {
      this.delivered.delete(id)
      return false
    }
    return true
  }

  /** null: no broker holds it, as far as one can tell. */
  private async find(
    deviceId: string,
    gatewayId: string | null,
  ): Promise<{ readonly broker: string; readonly line: Line; readonly grant: string } | null> {
    const holder = gatewayId ?? deviceId
    let broker: string | null
    try {
      broker = await this.options.redis.hget(linesOf(partitionOf(holder)), holder)
    } catch {
      return null
    }
    if (broker === null) return null
    const said = await this.say(broker, { say: 'ask', id: newWord(), to: this.options.node, deviceId, gatewayId })
    return said !== NOBODY && said !== UNKNOWN && said.say === 'line'
      ? { broker, line: said.line, grant: said.grant }
      : null
  }

  private async say(broker: string, word: ToBroker): Promise<Said | typeof UNKNOWN | typeof NOBODY> {
    const answer = new Promise<Said | typeof UNKNOWN>((resolve) => {
      const hear = (said: Said | typeof UNKNOWN): void => {
        this.waiting.delete(word.id)
        clearTimeout(timer)
        this.timers.delete(timer)
        resolve(said)
      }
      const timer = this.later(ANSWER_WITHIN_MS, () => hear(UNKNOWN))
      this.waiting.set(word.id, hear)
    })
    let heard: number
    try {
      heard = await this.options.redis.publish(commandChannel(broker), JSON.stringify(word))
    } catch {
      // It may have been published all the same.
      return answer
    }
    return heard === 0 ? NOBODY : answer
  }

  private later(ms: number, work: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      work()
    }, ms)
    this.timers.add(timer)
    return timer
  }
}

const newWord = (): string => randomBytes(12).toString('base64url')
