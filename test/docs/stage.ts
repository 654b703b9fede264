// What the pictures of every guide are taken from.
import type { Browser } from 'playwright-core'
import type { Api } from '../support/api.ts'
import type { HubProcess } from '../support/hub-process.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'

export interface Stage {
  readonly hub: HubProcess
  /** The network between the hub and a page that loses it. */
  readonly line: TcpProxy
  readonly browser: Browser
  readonly admin: Api
  /** Of the devices. */
  readonly tokens: ReadonlyMap<string, string>
}
