// The connections of each device, the oldest first: how many there may be, which one hears a command, and whether any is left.
import type { Connection } from './connection.ts'

export class DeviceConnections {
  readonly #limit: number
  /** Almost every device has one: lists are short. */
  readonly #byDevice = new Map<string, Connection[]>()

  constructor(limit: number) {
    this.#limit = limit
  }

  has(deviceId: string): boolean {
    return this.#byDevice.has(deviceId)
  }

  /** A copy: connections end while one walks over it. */
  oldestFirst(deviceId: string): Connection[] {
    return [...(this.#byDevice.get(deviceId) ?? [])]
  }

  /** True when it is the device's first. Beyond the limit the oldest makes room. */
  add(deviceId: string, connection: Connection): boolean {
    const connections = this.#byDevice.get(deviceId)
    if (!connections) {
      this.#byDevice.set(deviceId, [connection])
      return true
    }
    connections.push(connection)
    if (connections.length > this.#limit) connections[0]?.refuse('too_many_of_device')
    return false
  }

  /** True when it was the device's last. */
  remove(deviceId: string, connection: Connection): boolean {
    const connections = this.#byDevice.get(deviceId) ?? []
    const at = connections.indexOf(connection)
    if (at < 0) return false
    connections.splice(at, 1)
    if (connections.length > 0) return false
    this.#byDevice.delete(deviceId)
    return true
  }
}
