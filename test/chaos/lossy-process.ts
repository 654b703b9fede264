// Runs in a network namespace of its own (lossy-network.ts): the loopback of it drops packets of the MQTT port at random.
import { execFileSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { figure } from '../bench/row.ts'
import type { BenchRow } from '../bench/row.ts'
import { onStage } from './stage.ts'

const LOSSES = [0.05, 0.15, 0.3]
const seconds = Number(process.argv[2])

const run = (program: string, ...args: string[]): void => void execFileSync(program, args, { stdio: 'pipe' })

/** Both directions: what goes to the port, and what comes from it. */
function drop(change: '-A' | '-D', port: number, share: number): void {
  for (const side of ['--dport', '--sport'])
    run(
      'iptables',
      ...[change, 'INPUT', '-i', 'lo', '-p', 'tcp', side, String(port)],
      ...['-m', 'statistic', '--mode', 'random', '--probability', String(share), '-j', 'DROP'],
    )
}

run('ip', 'link', 'set', 'lo', 'up')
const figures = await onStage({ rate: 300, alarmsPerSecond: 20, detectors: LOSSES.length * 5 }, async (stage) => {
  const held: BenchRow[] = []
  for (const share of LOSSES) {
    drop('-A', stage.hub.mqttPort, share)
    const before = await stage.acknowledged()
    for (let alarm = 0; alarm < 5; alarm++) stage.alarm()
    await delay(seconds * 1_000)
    held.push(figure(`${share * 100} % loss: acknowledged`, ((await stage.acknowledged()) - before) / seconds, 'msg/s'))
    drop('-D', stage.hub.mqttPort, share)
    await stage.flows()
  }
  const account = await stage.account()
  return [...held, ...account.figures.map((row) => ({ ...row, name: `with loss: ${row.name}` }))]
})
process.stdout.write(JSON.stringify(figures))
process.exit(0)
