// The devices that bridges may speak for, as each form of the hub remembers them.
import type { BridgedDevice, Registered } from '../ingest/bridge/ports.ts'
import type { Devices } from '../ingest/devices.ts'
import type { DeviceIdentity } from '../records/ledger.ts'

/** Of a hub in one process: those of its pipeline. */
export const registeredIn = (devices: Pick<Devices, 'get'>): Registered => ({
  get(deviceId) {
    const runtime = devices.get(deviceId)
    if (runtime === undefined) return undefined
    const { profile, placement } = runtime
    return { kind: profile.kind, gatewayId: profile.gatewayId, place: placement.place }
  },
})

/** Of a broker in a cluster, which remembers nothing else of them but who may come in. */
export class BridgedDirectory implements Registered {
  private readonly byId = new Map<string, BridgedDevice>()

  get(deviceId: string): BridgedDevice | undefined {
    return this.byId.get(deviceId)
  }

  put({ id, kind, gatewayId, place }: Pick<DeviceIdentity, 'id' | 'kind' | 'gatewayId' | 'place'>): void {
    this.byId.set(id, { kind, gatewayId, place })
  }

  remove(deviceId: string): void {
    this.byId.delete(deviceId)
  }
}
