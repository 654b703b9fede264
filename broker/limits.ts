// Every bound of the broker in one table. Nothing in here may be unlimited for a stranger.
import { MAX_PAYLOAD_BYTES } from '../contract/topics.ts'

export interface BrokerLimits {
  /** Sockets held at once; the descriptor limit of the process must be above it. */
  readonly connections: number
  /** Sockets that have not completed a CONNECT. One more ends the oldest. */
  readonly unauthenticated: number
  /** Time from accept (after the TLS handshake) to a complete CONNECT, ms. */
  readonly connectMs: number
  /** Time the credential source may take, ms. */
  readonly loginMs: number
  /** Clients that the core takes in at the same time; the others wait their turn. */
  readonly joining: number
  /** Largest CONNECT, bytes after the fixed header. */
  readonly connectBytes: number
  /** Largest PUBLISH payload, bytes; any other packet after login may be as large. */
  readonly payloadBytes: number
  /** Longest client id as the client sent it, bytes. */
  readonly clientIdBytes: number
  /** Connections of one device at once. One more ends the oldest. */
  readonly connectionsPerDevice: number
  /** Logins of one device in `flappingWindowMs` before each further one is delayed by `flappingDelayMs`. */
  readonly loginsPerWindow: number
  readonly flappingWindowMs: number
  readonly flappingDelayMs: number
  /** Sustained messages a second a device, and how many may come at once. 0 = no limit. */
  readonly ratePerSecond: number
  readonly rateBurst: number
  /** Messages, and their bytes, that wait for the rate limit on one connection before its socket is no longer read. */
  readonly heldMessages: number
  readonly heldBytes: number
  /** Messages, and their bytes, handed to the intake and not yet durable, on one connection and in all. */
  readonly inFlightMessages: number
  readonly inFlightBytes: number
  readonly inFlightBytesTotal: number
  /** QoS 2 messages of one session between PUBREC and PUBREL. */
  readonly qos2Window: number
  /** Unsent bytes after which a receiver is too slow and goes. */
  readonly backlogBytes: number
  /** How long a backlog may stand still, ms. */
  readonly backlogMs: number
  /** Commands to one connection without a PUBACK. */
  readonly commandsInFlight: number
  /** Messages queued for one offline session, how long a session outlives its connection, and sessions a device. */
  readonly sessionMessages: number
  readonly sessionMs: number
  readonly sessionsPerDevice: number
  readonly sessions: number
  /** Retained messages in all, and the largest payload that is retained, bytes. */
  readonly retainedMessages: number
  readonly retainedBytes: number
  /** How long `stop()` waits for the intake, and then for sockets to drain, ms. */
  readonly stopDrainMs: number
  readonly stopFlushMs: number
}

export const DEFAULT_LIMITS: BrokerLimits = {
  connections: 19_000,
  unauthenticated: 2_000,
  connectMs: 10_000,
  loginMs: 5_000,
  joining: 64,
  connectBytes: 8_192,
  payloadBytes: MAX_PAYLOAD_BYTES,
  clientIdBytes: 256,
  connectionsPerDevice: 8,
  loginsPerWindow: 60,
  flappingWindowMs: 300_000,
  flappingDelayMs: 3_000,
  ratePerSecond: 10,
  rateBurst: 100,
  heldMessages: 100,
  heldBytes: 262_144,
  inFlightMessages: 2_000,
  inFlightBytes: 1_048_576,
  inFlightBytesTotal: 67_108_864,
  qos2Window: 1_000,
  backlogBytes: 524_288,
  backlogMs: 4_000,
  commandsInFlight: 100,
  sessionMessages: 10_000,
  sessionMs: 86_400_000,
  sessionsPerDevice: 8,
  sessions: 20_000,
  retainedMessages: 20_000,
  retainedBytes: MAX_PAYLOAD_BYTES,
  stopDrainMs: 7_000,
  stopFlushMs: 1_000,
}
