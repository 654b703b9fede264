// G7: a command is never executed late. Nothing queues one across a reconnect, on either side.

/**
 * Whether a command may no longer be sent, delivered or executed. `expires` is wall time, ms, and is itself too late. A
 * clock that cannot be read, or an expiry that is no instant, is too late: a breaker that stays as it is, is the safe side.
 */
export const commandExpired = (now: number, expires: number): boolean => !(now < expires)
