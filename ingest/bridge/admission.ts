// Which messages of an external broker are taken. Pure: a message and who is registered in, whose data or a refusal out.
//
// Its broker vouches for a bridge's devices; hence a bridge speaks for those alone that the administrator gave it, and never
// for a device that merely exists.
import type { BridgeRefusal } from '../../contract/http/bridges.ts'
import { MAX_PAYLOAD_BYTES } from '../../contract/topics.ts'
import type { UpTopic } from '../../contract/topics.ts'
import type { BridgedDevices } from './bridges-file.ts'
import type { BridgeConfig } from './config.ts'
import type { BridgedDevice, Registered } from './ports.ts'

export interface Arrived {
  readonly topic: string
  readonly bytes: number
  /** It is the external broker's memory, sent because the hub subscribed. */
  readonly retained: boolean
}

export function admit(
  { topic, bytes, retained }: Arrived,
  { topics, devices }: Pick<BridgeConfig, 'topics' | 'devices'>,
  registered: Registered,
): UpTopic | BridgeRefusal {
  if (retained) return 'retained'
  if (bytes > MAX_PAYLOAD_BYTES) return 'too_large'
  const parts = readTopic(topic, topics)
  if (parts === null) return 'unknown_topic'
  const device = registered.get(parts.deviceId)
  if (device === undefined || device.kind === 'hub') return 'unregistered_device'
  if (!isGiven(parts.deviceId, device, devices)) return 'foreign_device'
  return parts.gatewayId === null || device.gatewayId === parts.gatewayId ? parts : 'not_a_child'
}

function readTopic(topic: string, patterns: BridgeConfig['topics']): UpTopic | null {
  for (const pattern of patterns) {
    const parts = pattern.read(topic)
    if (parts !== null) return parts
  }
  return null
}

function isGiven(deviceId: string, { kind, place }: BridgedDevice, { ids, kinds, areas }: BridgedDevices): boolean {
  if (ids !== undefined && !ids.some((id) => fits(deviceId, id))) return false
  if (kinds !== undefined && !(kinds as readonly string[]).includes(kind)) return false
  return areas === undefined || areas.some((area) => isIn(place, area.split('/')))
}

const fits = (deviceId: string, pattern: string): boolean =>
  pattern.endsWith('*') ? deviceId.startsWith(pattern.slice(0, -1)) : deviceId === pattern

const isIn = (place: readonly string[], area: readonly string[]): boolean =>
  area.every((name, index) => place[index] === name)
