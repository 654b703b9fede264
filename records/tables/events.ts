// Events of devices, where the store of readings cannot hold text.

export interface DeviceEventTable {
  device_id: string
  kind: string
  /** `event` or `status`. */
  type: string
  ts: number
  received_at: number
  quality: string
  /** The event's name; for a status its state. */
  name: string
  /** JSON object. */
  data: string
  /** Of the input it came with; in the scaled-out form, in the stream of the device's partition. */
  position: number
}

export interface EventTables {
  device_event: DeviceEventTable
}
