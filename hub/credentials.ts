// Device credentials in memory: the broker asks on every connection and gets its answer without a query.
import { tokenMatches } from '../broker/tokens.ts'
import type { Credentials, LoginRefusal } from '../broker/ports.ts'
import type { DeviceIdentity } from '../records/ledger.ts'

interface Entry {
  readonly hash: Buffer
  readonly retired: boolean
  readonly gatewayId: string | null
}

export class MemoryCredentials implements Credentials {
  private readonly key: Uint8Array
  private readonly byId = new Map<string, Entry>()

  /** `key`: of the keyed hash that the ledger's token hashes were made with. */
  constructor(key: Uint8Array) {
    this.key = key
  }

  /** True when a connection that was let in before has no right to be there any more. */
  put({ id, tokenHash, lifecycle, gatewayId }: DeviceIdentity): boolean {
    const before = this.byId.get(id)
    const hash = Buffer.from(tokenHash, 'hex')
    const retired = lifecycle === 'retired'
    this.byId.set(id, { hash, retired, gatewayId })
    return before !== undefined && !before.retired && (retired || !before.hash.equals(hash))
  }

  /** True when there was one. */
  remove(deviceId: string): boolean {
    return this.byId.delete(deviceId)
  }

  ids(): IterableIterator<string> {
    return this.byId.keys()
  }

  login(deviceId: string, token: Uint8Array): Promise<{ ok: true } | { ok: false; reason: LoginRefusal }> {
    const entry = this.byId.get(deviceId)
    // The hash is computed for unknown devices too: the time of the answer must not tell which ids exist.
    const matches = tokenMatches(this.key, token, entry?.hash ?? null)
    if (entry === undefined) return Promise.resolve({ ok: false, reason: 'unknown_device' })
    if (!matches) return Promise.resolve({ ok: false, reason: 'wrong_token' })
    return Promise.resolve(entry.retired ? { ok: false, reason: 'retired' } : { ok: true })
  }

  isChildOf(gatewayId: string, deviceId: string): boolean {
    const entry = this.byId.get(deviceId)
    return entry !== undefined && !entry.retired && entry.gatewayId === gatewayId
  }
}
