import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { residentBytes } from '../../bench/connections.ts'
import { atMost, figure } from '../../bench/row.ts'
import type { BenchRow } from '../../bench/row.ts'
import { connectPacket } from '../../load/packets.ts'
import { until } from '../../support/hub-process.ts'
import { sized } from '../row.ts'
import type { ChaosRow } from '../row.ts'
import { describeLoad, onStage } from '../stage.ts'
import type { Stage } from '../stage.ts'
import { testsAsRow } from '../tests-as-row.ts'

const STAGE = { rate: 500, alarmsPerSecond: 20 }
const AT_ONCE = 250
const CLOSED_MS = 10_000
const RSS_MIB = 50
/** A CONNECT that announces 256 MB. */
const HUGE_CONNECT = Buffer.from('10ffffff7f00044d51545404', 'hex')
const HUGE = 20
const SLOW = 200

export const strangers: ChaosRow = {
  number: 22,
  fault: '256 MB CONNECT, 10,000 silent sockets, slow-loris, hanging login',
  mustHold: 'closed ≤ 10 s, RSS ≤ +50 MB',
  async run(options) {
    const silent = sized(options, { quick: 1_000, usual: 10_000 })
    const held = await onStage(STAGE, (stage) => besieged(stage, silent))
    return {
      size: `${silent} silent sockets, ${SLOW} that send a byte every 100 ms, ${HUGE} of 256 MB, at ${describeLoad(STAGE)}`,
      figures: [
        ...held,
        ...(await testsAsRow({
          files: ['test/broker/floods.test.ts', 'test/broker/login.test.ts'],
          named: 'row 22|hanging|slow-loris',
          say: options.say,
        })),
      ],
    }
  },
}

async function besieged(stage: Stage, silent: number): Promise<BenchRow[]> {
  const { mqttPort, pid } = stage.hub
  await delay(3_000)
  const before = residentBytes(pid)
  let most = before
  const watch = setInterval(() => (most = Math.max(most, residentBytes(pid))), 50)
  const ages: number[] = []
  const sockets: Socket[] = []
  const opened = (): Promise<Socket> => openSocket(mqttPort, ages)
  for (let count = 0; count < silent; count += AT_ONCE)
    sockets.push(...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, silent - count) }, opened))))
  const slow = await Promise.all(Array.from({ length: SLOW }, opened))
  const drip = dripInto(slow)
  const huge = await Promise.all(Array.from({ length: HUGE }, opened))
  for (const socket of huge) socket.write(HUGE_CONNECT)
  const filler = Buffer.alloc(65_536)
  const flood = setInterval(() => {
    for (const socket of huge) if (!socket.destroyed && socket.writableLength < 2 ** 20) socket.write(filler)
  }, 5)
  const all = silent + SLOW + HUGE
  await until('all of them are closed', () => ages.length === all, 60_000)
  for (const timer of [drip, flood, watch]) clearInterval(timer)
  const { figures } = await stage.account()
  return [
    figure('sockets of strangers', all, ''),
    atMost('the longest of them was open', Math.max(...ages), 'ms', CLOSED_MS),
    figure('resident memory before', before / 2 ** 20, 'MiB'),
    atMost('resident memory more', (most - before) / 2 ** 20, 'MiB', RSS_MIB),
    ...figures,
  ]
}

/** How long it was open goes to `ages` when it is closed. */
function openSocket(port: number, ages: number[]): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let openedAt = 0
    socket.once('connect', () => {
      openedAt = performance.now()
      resolve(socket)
    })
    socket.on('error', reject)
    socket.on('close', () => ages.push(performance.now() - openedAt))
    socket.resume()
  })
}

function dripInto(sockets: readonly Socket[]): NodeJS.Timeout {
  const bytes = connectPacket('x'.repeat(200), 'nobody', 'nothing')
  let at = 0
  return setInterval(() => {
    const byte = bytes.subarray(at, at + 1)
    at = Math.min(at + 1, bytes.length - 2)
    for (const socket of sockets) if (!socket.destroyed) socket.write(byte)
  }, 100)
}
