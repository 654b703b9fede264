// The line that makes a device's first publish with mosquitto_pub. Pure.
import type { KindName } from '../../../../contract/kinds/kind.ts'
import { KINDS } from '../../../../contract/kinds/table.ts'
import { upTopic } from '../../../../contract/topics.ts'

/** The hub's default MQTT port; the page cannot know another. */
export const MQTT_PORT = 1883
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

/** `token: null` leaves a word in capitals where the token goes: it was shown once and is known to its owner only. */
export function publishLine(host: string, deviceId: string, token: string | null, kindName: KindName): string {
  const kind = KINDS[kindName]
  const metrics = kind.metrics.slice(0, EXAMPLE_METRICS)
  const event = kind.events[0]
  const [channel, payload] =
    metrics.length > 0
      ? (['readings', { values: Object.fromEntries(metrics.map((metric) => [metric.name, example(metric)])) }] as const)
      : (['events', { event: event?.name ?? 'self_test' }] as const)
  const to = `-h ${host} -p ${MQTT_PORT} -u ${deviceId} -P ${token ?? 'TOKEN'}`
  return `mosquitto_pub ${to} -q 1 -t ${upTopic(deviceId, channel)} -m '${JSON.stringify(payload)}'`
}
