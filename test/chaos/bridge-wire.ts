// Between a bridge and its external broker, passing everything on and writing down what went by: what was delivered to the
// bridge, and what the bridge acknowledged. The witness of what a bridge owes, whatever the broker itself forgets.
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import mqttPacket from 'mqtt-packet'
import { parseUpTopic } from '../../contract/topics.ts'

export interface BridgeWire {
  readonly port: number
  /** `device ts` of each sample that the broker sent to the bridge, as often as it did. */
  readonly delivered: readonly string[]
  /** Of those that the bridge acknowledged. */
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
      const { ts } = JSON.parse(packet.payload.toString()) as { ts: number }
      const key = `${parseUpTopic(packet.topic)?.deviceId} ${ts}`
      delivered.push(key)
      byId.set(packet.messageId as number, key)
    })
    up.on('packet', (packet) => {
      const key = packet.cmd === 'puback' ? byId.get(packet.messageId as number) : undefined
      if (key !== undefined) acknowledged.add(key)
    })
    broker.on('data', (bytes: Buffer) => {
      // Passed on first: what is counted as delivered was at least under way.
      bridge.write(bytes)
      down.parse(bytes)
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
        other.end()
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
