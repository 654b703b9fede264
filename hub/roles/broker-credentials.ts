// The devices that a broker lets in, as the ledger has them: read whole at the start, then kept by its log of changes. Whoever
// has no right to be connected any more is cut off before the change counts as applied.
import { takeChangedDevices } from '../../cluster/changed-devices.ts'
import type { DeviceIdentity, Devices } from '../../records/ledger.ts'
import type { LedgerChange } from '../../records/ledger/cluster.ts'
import type { BridgedDirectory } from '../bridged-devices.ts'
import type { MemoryCredentials } from '../credentials.ts'

export interface BrokerCredentialsOptions {
  readonly devices: Pick<Devices, 'identities'>
  readonly credentials: MemoryCredentials
  readonly disconnect: (deviceId: string) => void
  /** What bridges ask of each device. */
  readonly directory: BridgedDirectory
}

export class BrokerCredentials {
  private readonly options: BrokerCredentialsOptions

  constructor(options: BrokerCredentialsOptions) {
    this.options = options
  }

  /** Reads all devices; those that the ledger does not have are let in no more. */
  async load(): Promise<void> {
    const { devices, credentials } = this.options
    const gone = new Set(credentials.ids())
    for await (const identity of devices.identities()) {
      gone.delete(identity.id)
      this.put(identity)
    }
    for (const id of gone) this.remove(id)
  }

  /** Rejects when the ledger cannot be read: the same changes come again. */
  take(changes: readonly LedgerChange[]): Promise<void> {
    return takeChangedDevices(this.options.devices, changes, {
      put: (identity) => this.put(identity),
      remove: (deviceId) => this.remove(deviceId),
    })
  }

  private put(identity: DeviceIdentity): void {
    this.options.directory.put(identity)
    if (this.options.credentials.put(identity)) this.options.disconnect(identity.id)
  }

  private remove(deviceId: string): void {
    this.options.directory.remove(deviceId)
    if (this.options.credentials.remove(deviceId)) this.options.disconnect(deviceId)
  }
}
