// The hub that a measurement has to itself: a process of its own with its data in a temporary folder, gone afterwards.
import { importDevices } from '../chaos/county.ts'
import type { Credential } from '../load/publisher.ts'
import { Api } from '../support/api.ts'
import { ADMIN_PASSWORD, startHubProcess } from '../support/hub-process.ts'
import type { HubProcess } from '../support/hub-process.ts'
import type { KindName } from '../../contract/kinds/kind.ts'

/** A few load connections stand for thousands of devices: no limit a device. Screens sign in from addresses of their own. */
const ENVIRONMENT = { ZHIAN_DEVICE_RATE: '0', ZHIAN_TRUSTED_PROXIES: '127.0.0.1' }

export async function withHub<T>(work: (hub: HubProcess, admin: Api) => Promise<T>): Promise<T> {
  const hub = await startHubProcess({ environment: ENVIRONMENT })
  try {
    return await work(hub, await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD))
  } finally {
    await hub.dispose()
  }
}

/** `count` devices `{prefix}-0` … of a kind, as an administrator imports them. */
export async function register(api: Api, prefix: string, kind: KindName, count: number): Promise<Credential[]> {
  return (await importDevices(api, [{ prefix, kind, count }])).get(prefix) ?? []
}
