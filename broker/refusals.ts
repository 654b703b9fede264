// Why the broker refused or slowed something. A closed list: the same word in counters, metrics, audit and tests.

export const REFUSAL_REASONS = [
  // Before a CONNECT was accepted.
  'too_many_connections', // more sockets than the process may hold
  'too_many_unauthenticated', // the oldest socket without a CONNECT makes room for the newest
  'connect_timeout', // no complete CONNECT, or no CONNACK, in time
  'tls_failed',
  'connect_too_large',
  'protocol_version', // only MQTT 3.1 and 3.1.1 are spoken
  'client_id', // empty without a clean session, or too long
  'no_credentials',
  'bad_identity', // the user name cannot be a device's id
  'unknown_device',
  'wrong_token',
  'retired',
  'login_failed', // the credential source threw
  'login_timeout', // the credential source did not answer
  'will_denied', // at CONNECT, or when it fired
  'stopping',
  // At any time.
  'malformed',
  'unexpected_packet', // well-formed, but not allowed here: before CONNECT, a second CONNECT, meant for clients
  'packet_too_large',
  'internal',
  // After login.
  'publish_denied',
  'subscribe_denied',
  'forward_denied',
  'not_stored', // the intake could not make a message durable: no acknowledgement, the connection closes
  'qos2_window', // too many QoS 2 messages without PUBREL
  'keepalive',
  'slow_consumer',
  'command_unacknowledged', // a command lay in its line until it expired: the line is cut, so that it does not arrive later
  'too_many_of_device', // the oldest connection of a device makes room for the newest
  'revoked', // the hub ended the connection: token replaced, device retired
  // Slowed, not refused.
  'rate_limited',
  'flapping',
] as const

export type RefusalReason = (typeof REFUSAL_REASONS)[number]

/** CONNACK return codes of MQTT 3.1.1 §3.2.2.3 for refusals that may be told; every other one just closes the socket. */
export const CONNACK_CODES: Partial<Record<RefusalReason, number>> = {
  protocol_version: 1,
  client_id: 2,
  login_failed: 3,
  login_timeout: 3,
  stopping: 3,
  // One answer for every wrong credential: who is registered is nobody's business.
  no_credentials: 5,
  bad_identity: 5,
  unknown_device: 5,
  wrong_token: 5,
  retired: 5,
  will_denied: 5,
}
