// Events and statuses of devices, where the store of readings cannot hold text.

/** As the reading store has it; the ledger makes nothing of it. */
export interface DeviceEvent {
  readonly type: 'event' | 'status'
  readonly position: number
  readonly deviceId: string
  readonly kind: string
  /** Sample time, ms. */
  readonly ts: number
  readonly receivedAt: number
  readonly quality: 'device' | 'received' | 'suspect'
  /** The event's name; for a status its state. */
  readonly name: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface DeviceEvents {
  /** One that is there already (device, ts, type, name) stays as it is. */
  add(events: readonly DeviceEvent[]): Promise<void>
  /** Newest first. */
  events(query: {
    readonly deviceId: string
    readonly from: number
    readonly to: number
    readonly limit: number
  }): Promise<DeviceEvent[]>
  /** Drops those before `before`, and from those before `personsBefore` who opened the door; sample times, ms. */
  retain(before: number, personsBefore: number): Promise<void>
}
