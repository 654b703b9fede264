// Bridges: external MQTT brokers that the hub reads. What each does now, and why not.
import * as z from 'zod'
import { instantSchema } from '../ids.ts'

const count = z.number().int().min(0)

/** Why a connection to an external broker is down. */
export const BRIDGE_PROBLEMS = [
  'unreachable',
  'tls',
  'login_refused',
  'subscription_refused',
  /** Another client logged in with this client id. */
  'taken_over',
  'cut',
  /** It answered nothing in time. */
  'timeout',
  /** The hub could not keep what came; nothing was acknowledged, so that it comes again. */
  'not_stored',
  'protocol',
  /** In a cluster: no broker reads it at the moment. */
  'unread',
] as const
export type BridgeProblem = (typeof BRIDGE_PROBLEMS)[number]

/** Why a message of an external broker was not taken. It is acknowledged there: it would come again for ever. */
export const BRIDGE_REFUSALS = [
  'unknown_topic',
  'unregistered_device',
  /** A device that this bridge may not speak for. */
  'foreign_device',
  'not_a_child',
  /** The external broker's memory of an earlier time: no news, and no sign of life. */
  'retained',
  'too_large',
] as const
export type BridgeRefusal = (typeof BRIDGE_REFUSALS)[number]

export const bridgeSchema = z.object({
  name: z.string(),
  url: z.string(),
  state: z.enum(['connected', 'partly', 'away']),
  /** Since when it is in this state; null: nobody knows. */
  since: instantSchema.nullable(),
  connections: z.object({ open: count, of: count }),
  /** Why a connection is down, and what the other side or the network said; null: none is. */
  problem: z.object({ reason: z.enum(BRIDGE_PROBLEMS), detail: z.string() }).nullable(),
  /** Since the process that runs it was started. Each message that came is taken, refused, waiting or failed. */
  received: count,
  /** Durable, and acknowledged to the external broker unless the connection was gone by then. */
  taken: count,
  refused: z.partialRecord(z.enum(BRIDGE_REFUSALS), count),
  /** Not yet durable. */
  waiting: count,
  /** Could not be kept: it comes again. */
  failed: count,
  lastMessageAt: instantSchema.nullable(),
  /** How often the external broker had forgotten what it kept for the hub: what came meanwhile is lost there. */
  sessionsLost: count,
  /** Messages of one device come over several connections: their order is not kept. */
  unordered: z.boolean(),
})
export type Bridge = z.infer<typeof bridgeSchema>

export const bridgesSchema = z.object({ items: z.array(bridgeSchema) })
export type Bridges = z.infer<typeof bridgesSchema>
