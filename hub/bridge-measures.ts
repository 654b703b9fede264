// What a process tells Prometheus of the bridges that it reads. Nothing here runs per message.
import { Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { Bridge } from '../contract/http/bridges.ts'

export function measureBridges(registry: Registry, status: () => readonly Bridge[]): void {
  const registers = [registry]
  const gauge = (name: string, help: string, read: (bridge: Bridge) => number): Gauge =>
    new Gauge({
      name,
      help,
      labelNames: ['bridge'],
      registers,
      collect() {
        this.reset()
        for (const bridge of status()) this.set({ bridge: bridge.name }, read(bridge))
      },
    })
  gauge('zhian_bridge_connected', '1: all connections to the external broker are open', ({ state }) =>
    state === 'connected' ? 1 : 0,
  )
  gauge('zhian_bridge_waiting', 'Messages of the external broker that are not yet durable', ({ waiting }) => waiting)
  gauge('zhian_bridge_taken', 'Messages of the external broker made durable since start', ({ taken }) => taken)
  gauge('zhian_bridge_failed', 'Messages that could not be kept and come again, since start', ({ failed }) => failed)
  gauge(
    'zhian_bridge_sessions_lost',
    'Times that the external broker had forgotten what it kept for the hub, since start',
    ({ sessionsLost }) => sessionsLost,
  )
  new Gauge({
    name: 'zhian_bridge_refused',
    help: 'Messages of the external broker refused since start, by reason',
    labelNames: ['bridge', 'reason'],
    registers,
    collect() {
      this.reset()
      for (const { name, refused } of status())
        for (const [reason, count] of Object.entries(refused)) this.set({ bridge: name, reason }, count)
    },
  })
}
