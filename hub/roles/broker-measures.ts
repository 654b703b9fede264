// What a broker of a cluster tells Prometheus. Nothing here runs per message.
import { Gauge, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'
import type { Broker } from '../../broker/broker.ts'
import type { Backlog } from '../../cluster/streams/backlog.ts'
import type { StreamIntake } from '../../cluster/streams/stream-intake.ts'
import type { StreamWriter } from '../../cluster/streams/stream-writer.ts'

export interface BrokerMeasured {
  readonly broker: Broker
  readonly intake: StreamIntake
  readonly writer: StreamWriter
  readonly backlog: Backlog
}

/** Of batches from their writing to Redis' answer, seconds. */
export const streamWrites = (registry: Registry): Histogram =>
  new Histogram({
    name: 'zhian_stream_write_seconds',
    help: 'From the writing of a batch of messages to the answer of Redis (and of its replicas)',
    buckets: [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  })

export function measureBroker(registry: Registry, { broker, intake, writer, backlog }: BrokerMeasured): void {
  const registers = [registry]
  const gauge = (name: string, help: string, read: () => number): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  gauge('zhian_mqtt_connections', 'Open MQTT connections', () => broker.counters().connections)
  gauge('zhian_mqtt_in_flight', 'MQTT messages taken and not yet acknowledged', () => broker.counters().inFlight)
  gauge('zhian_stream_in_flight', 'Entries sent to Redis and not yet answered', () => writer.inFlight)
  gauge('zhian_stream_added', 'Messages in the streams since start', () => intake.counters().added)
  gauge('zhian_stream_held', 'Messages that wait for room in the streams', () => intake.counters().held)
  gauge('zhian_stream_dropped', 'QoS 0 messages dropped for want of room since start', () => intake.counters().dropped)
  gauge(
    'zhian_stream_void_wills',
    'Wills since start whose device had come to another broker before',
    () => intake.counters().voidWills,
  )
  gauge('zhian_stream_writable', '1: Redis takes entries', () =>
    writer.problem === null && writer.refusal === null ? 1 : 0,
  )
  gauge('zhian_stream_entries', 'Entries in all streams', () => backlog.figures().entries)
  gauge('zhian_stream_longest', 'Entries in the longest stream', () => backlog.figures().longest)
  gauge('zhian_redis_memory_bytes', 'Memory of Redis that counts against maxmemory', () => backlog.figures().usedMemory)
  gauge('zhian_redis_memory_limit_bytes', 'maxmemory of Redis', () => backlog.figures().maxMemory)
  new Gauge({
    name: 'zhian_stream_refused',
    help: 'Messages that were not acknowledged since start: no room in the streams, or no answer of Redis',
    labelNames: ['reason'],
    registers,
    collect() {
      const { refusedFull, refusedAway } = intake.counters()
      this.set({ reason: 'full' }, refusedFull)
      this.set({ reason: 'away' }, refusedAway)
    },
  })
  new Gauge({
    name: 'zhian_mqtt_refused',
    help: 'Connections, logins, publishes and subscriptions refused since start, by reason',
    labelNames: ['reason'],
    registers,
    collect() {
      for (const [reason, count] of Object.entries(broker.counters().refused)) this.set({ reason }, count)
    },
  })
}
