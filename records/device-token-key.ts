// The key of the hashes of device tokens: made by the ledger at its first start, read by whoever lets devices in.
import { randomBytes } from 'node:crypto'

/** Setting that keeps it, base64. */
export const DEVICE_TOKEN_KEY = 'device_token_key'

export const newDeviceTokenKey = (): string => randomBytes(32).toString('base64')
