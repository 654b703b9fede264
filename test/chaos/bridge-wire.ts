// Between a bridge and its external broker, passing everything on and writing down what went by: what was delivered to the
// bridge, and what the bridge acknowledged. The witness of what a bridge owes, whatever the broker itself forgets.
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import mqttPacket from 'mqtt-packet'

export interface BridgeWire {
  readonly port: number
  /** Payloads that the broker sent to the bridge, as often as it did. */
  readonly delivered: readonly string[]
  /** Payloads that the bridge acknowledged. */
  readonly acknowledged: ReadonlySet<string>
  stop(): Promise<void>
}

export async function startBridgeWire(brokerPort: number): Promise<BridgeWire> {
  const delivered: string[] = []
  const acknowledged = new Set<string>()
  const open = new Set<Socket>()
  const server = createServer((bridge) => {
    const broker = connect(brokerPort, '127.0.0.1')
    const byId = new Map<number, string>()
    const down = mqttPacket.parser()
    const up = mqttPacket.parser()
    down.on('packet', (packet) => {
      if (packet.cmd !== 'publish') return
      const text = packet.payload.toString()
      delivered.push(text)
      byId.set(packet.messageId as number, text)
    })
    up.on('packet', (packet) => {
      const text = packet.cmd === 'puback' ? byId.get(packet.messageId as number) : undefined
      if (text !== undefined) acknowledged.add(text)
    })
    // Written down before it is passed on: what arrives has been counted.
    broker.on('data', (bytes: Buffer) => {
      down.parse(bytes)
      bridge.write(bytes)
    })
    bridge.on('data', (bytes: Buffer) => {
      up.parse(bytes)
      broker.write(bytes)
    })
    for (const [one, other] of [
      [bridge, broker],
      [broker, bridge],
    ] as const) {
      open.add(one)
      one.on('error', () => undefined)
      one.on('close', () => {
        open.delete(one)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    delivered,
    acknowledged,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy()
        server.close(() => resolve())
      }),
  }
}
