// The bridges of a cluster, from what its brokers say: each knows which there are, and what those do that it reads itself. One
// broker at a time reads a bridge: its client ids are fixed, and two would take each other's connection away.
import type { Bridge } from '../contract/http/bridges.ts'

/** What one broker says of them. */
export interface BridgesReport {
  readonly listed: readonly Pick<Bridge, 'name' | 'url'>[]
  readonly read: readonly Bridge[]
}

/** All that are listed, by whoever reads each; null: no broker is there to say. */
export function clusterBridges(nodes: readonly { readonly bridges?: BridgesReport }[]): Bridge[] | null {
  const reports = nodes.flatMap(({ bridges }) => (bridges === undefined ? [] : [bridges]))
  if (reports.length === 0) return null
  const read = reports.flatMap((report) => report.read)
  const listed = new Map(reports.flatMap((report) => report.listed).map((bridge) => [bridge.name, bridge]))
  return [...listed.values()].map(
    ({ name, url }) =>
      // While one broker leaves it to another, both may speak of it.
      read.find((bridge) => bridge.name === name && bridge.state === 'connected') ??
      read.find((bridge) => bridge.name === name) ??
      unread(name, url),
  )
}

const unread = (name: string, url: string): Bridge => ({
  name,
  url,
  state: 'away',
  since: null,
  connections: { open: 0, of: 0 },
  problem: { reason: 'unread', detail: '' },
  received: 0,
  taken: 0,
  refused: {},
  waiting: 0,
  failed: 0,
  lastMessageAt: null,
  sessionsLost: 0,
  unordered: false,
})
