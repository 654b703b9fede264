// What a device may publish to, subscribe to and receive. Pure: topics and the gateway's children in, a decision out.
import { isCommandFilterOf, parseUpTopic, type UpTopic } from '../contract/topics.ts'
import type { RefusalReason } from './refusals.ts'

export type IsChildOf = (gatewayId: string, deviceId: string) => boolean

/** The parts of the topic when `publisherId` may publish there: below its own prefix, or for a registered child. */
export function decidePublish(publisherId: string, topic: string, isChildOf: IsChildOf): UpTopic | RefusalReason {
  const parts = parseUpTopic(topic)
  if (parts === null) return 'publish_denied'
  if (parts.gatewayId === null) return parts.deviceId === publisherId ? parts : 'publish_denied'
  if (parts.gatewayId !== publisherId) return 'publish_denied'
  return isChildOf(publisherId, parts.deviceId) ? parts : 'publish_denied'
}

/** Retained is only a device's own status: everything else would be a way to fill the hub's memory. */
export const mayRetain = (parts: UpTopic): boolean => parts.gatewayId === null && parts.channel === 'status'

/** Its own commands, and as a gateway those of one child or of all (`+`). `$` topics and `$share` are none of these. */
export function decideSubscribe(deviceId: string, filter: string, isChildOf: IsChildOf): RefusalReason | null {
  if (!isCommandFilterOf(deviceId, filter)) return 'subscribe_denied'
  const child = childOf(filter)
  return child === null || child === '+' || isChildOf(deviceId, child) ? null : 'subscribe_denied'
}

/** The same question for one message: a child that `+` once covered may have been taken away since. */
export function decideForward(deviceId: string, topic: string, isChildOf: IsChildOf): boolean {
  const child = childOf(topic)
  return child !== '+' && decideSubscribe(deviceId, topic, isChildOf) === null
}

const childOf = (filter: string): string | null => {
  const levels = filter.split('/')
  return levels.length === 6 ? (levels[4] as string) : null
}
