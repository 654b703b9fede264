// Identifiers. A device's id is chosen by people and printed on labels; every other id is opaque.
import * as z from 'zod'

/** A device's id: also its MQTT user name and one level of its topics, hence no `/`, `+` or `#`. */
export const deviceIdSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, _ and -, at most 64')
export type DeviceId = z.infer<typeof deviceIdSchema>

/** The hub's own id in alarms that it raises about itself (`hub.no_desk`, `hub.disk`, `hub.store`). */
export const HUB_DEVICE_ID = 'hub'

/** An id a device may be given: the hub's own is taken. */
export const newDeviceIdSchema = deviceIdSchema.refine((id) => id !== HUB_DEVICE_ID, 'hub is the hub itself')

/** An opaque id made by the hub: compare it, send it back, do not take it apart. */
export const idSchema = z.string().min(1).max(64)

/** Milliseconds since 1970-01-01T00:00:00Z. */
export const instantSchema = z.number().int().min(0).max(8_640_000_000_000_000)

/** Position of a transition in the ledger's one gapless sequence; 0 is "before the first". */
export const seqSchema = z.number().int().min(0)
