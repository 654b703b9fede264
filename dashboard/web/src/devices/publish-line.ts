// The line that makes a device's first publish with mosquitto_pub. Pure.
import type { KindName } from '../../../../contract/kinds/kind.ts'
import { KINDS } from '../../../../contract/kinds/table.ts'
import { upTopic } from '../../../../contract/topics.ts'

/** Metrics in the example: enough to see the shape. */
const EXAMPLE_METRICS = 2

/** An everyday value inside the metric's range. */
function example(metric: {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly step: number
}): number {
  const everyday: Readonly<Record<string, number>> = {
    residual_current: 12.3,
    temperature_a: 36.5,
    gas_lel: 0,
    co_ppm: 0,
    smoke: 0,
    door_open: 0,
    charging: 0,
    water_leak: 0,
  }
  const value = everyday[metric.name] ?? (metric.min <= 0 && metric.max >= 0 ? 0 : metric.min)
  return Math.min(metric.max, Math.max(metric.min, value))
}

/** Where the hub listens; `port: null` while that is not known. */
export interface Hub {
  readonly host: string
  readonly port: number | null
}

/**
 * What is not known stands as a word in capitals: a port, and a token, which was shown once and is known to its owner only.
 */
export function publishLine(hub: Hub, deviceId: string, token: string | null, kindName: KindName): string {
  const kind = KINDS[kindName]
  const metrics = kind.metrics.slice(0, EXAMPLE_METRICS)
  const event = kind.events[0]
  const [channel, payload] =
    metrics.length > 0
      ? (['readings', { values: Object.fromEntries(metrics.map((metric) => [metric.name, example(metric)])) }] as const)
      : (['events', { event: event?.name ?? 'self_test' }] as const)
  const to = `-h ${hub.host} -p ${hub.port ?? 'PORT'} -u ${deviceId} -P ${token ?? 'TOKEN'}`
  return `mosquitto_pub ${to} -q 1 -t ${upTopic(deviceId, channel)} -m '${JSON.stringify(payload)}'`
}
