// The way of commands to devices: the broker, once it is open.
import type { Broker } from '../broker/broker.ts'
import type { CommandLine } from '../ingest/commands/ports.ts'

export const commandLine = (broker: () => Broker | null): CommandLine => ({
  lineOf(deviceId, gatewayId) {
    const open = broker()
    if (open === null) return 'away'
    if (open.listens(deviceId, gatewayId)) return 'listening'
    return open.isConnected(gatewayId ?? deviceId) ? 'connected' : 'away'
  },
  send: (deviceId, gatewayId, payload, options) =>
    broker()?.publishCommand(deviceId, payload, { gatewayId, ...options }) ?? false,
})
