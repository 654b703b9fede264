// The MQTT topics of the native dialect: built and parsed here and nowhere else.
//
//   zhian/v1/{device}/{channel}                      a device for itself
//   zhian/v1/{gateway}/children/{device}/{channel}   a gateway for its registered child
import { deviceIdSchema } from './ids.ts'

export const TOPIC_ROOT = 'zhian/v1'

/** What a device may publish. */
export const UP_CHANNELS = ['readings', 'events', 'status', 'replies'] as const
export type UpChannel = (typeof UP_CHANNELS)[number]

/** A topic a device may publish to: whose data, through which gateway (if any), of what sort. */
export interface UpTopic {
  readonly deviceId: string
  readonly gatewayId: string | null
  readonly channel: UpChannel
}

const isDeviceId = (level: string): boolean => deviceIdSchema.safeParse(level).success
const isUpChannel = (level: string): level is UpChannel => (UP_CHANNELS as readonly string[]).includes(level)

/** The parts of an upward topic, or null for anything else (wildcards and unknown channels included). */
export function parseUpTopic(topic: string): UpTopic | null {
  const levels = topic.split('/')
  if (levels[0] !== 'zhian' || levels[1] !== 'v1') return null
  const owner = levels[2]
  if (owner === undefined || !isDeviceId(owner)) return null
  if (levels.length === 4) {
    const channel = levels[3] as string
    return isUpChannel(channel) ? { deviceId: owner, gatewayId: null, channel } : null
  }
  if (levels.length === 6 && levels[3] === 'children') {
    const [child, channel] = [levels[4] as string, levels[5] as string]
    if (!isDeviceId(child) || !isUpChannel(channel)) return null
    return { deviceId: child, gatewayId: owner, channel }
  }
  return null
}

export const upTopic = (deviceId: string, channel: UpChannel): string => `${TOPIC_ROOT}/${deviceId}/${channel}`

export const childTopic = (gatewayId: string, deviceId: string, channel: UpChannel): string =>
  `${TOPIC_ROOT}/${gatewayId}/children/${deviceId}/${channel}`

/** Where a device hears its commands; the only topic it may subscribe to. */
export const commandTopic = (deviceId: string): string => `${TOPIC_ROOT}/${deviceId}/commands`

/** Where a gateway hears the commands for one of its children. */
export const childCommandTopic = (gatewayId: string, deviceId: string): string =>
  `${TOPIC_ROOT}/${gatewayId}/children/${deviceId}/commands`

/** True for the command topics of this device: its own, and as a gateway those of its children (`+` allowed for the child). */
export function isCommandFilterOf(deviceId: string, filter: string): boolean {
  if (filter === commandTopic(deviceId)) return true
  const levels = filter.split('/')
  if (levels.length !== 6 || levels[0] !== 'zhian' || levels[1] !== 'v1') return false
  const child = levels[4] as string
  return (
    levels[2] === deviceId &&
    levels[3] === 'children' &&
    levels[5] === 'commands' &&
    (child === '+' || isDeviceId(child))
  )
}

/** Largest payload of one PUBLISH, in bytes. */
export const MAX_PAYLOAD_BYTES = 65_536
/** Deepest nesting of a JSON payload. */
export const MAX_JSON_DEPTH = 8
/** Most objects in one array payload (store and forward). */
export const MAX_BATCH = 500
