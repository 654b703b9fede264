// Lines that die without a word, a network cut in two that heals, and one that drops packets.
import { setTimeout as delay } from 'node:timers/promises'
import { exactly, figure } from '../../bench/row.ts'
import type { BenchRow } from '../../bench/row.ts'
import { until } from '../../support/hub-process.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import type { TcpProxy } from '../../support/tcp-proxy.ts'
import { lossyNetwork } from '../lossy-network.ts'
import { NotPossible, sized } from '../row.ts'
import type { ChaosOptions, ChaosRow } from '../row.ts'
import { describeLoad, onStage } from '../stage.ts'
import type { Stage } from '../stage.ts'
import { silentAfter } from '../silence.ts'
import { SteadyDevice } from '../steady-device.ts'

const DEVICES = 50
const KEEPALIVE_S = 4
const SILENT_AFTER_S = 8
const LONG_S = 3_600
const STAGE = {
  rate: 500,
  alarmsPerSecond: 20,
  others: [{ prefix: 'far', kind: 'electricity' as const, count: DEVICES }],
}

export const lines: ChaosRow = {
  number: 14,
  fault: 'half-open devices; partition and heal; 5–30 % loss',
  mustHold: 'one offline each, 0 lost',
  async run(options) {
    const seconds = sized(options, { quick: 20, usual: 60, long: 300 })
    const halfOpen = await onStage(
      { ...STAGE, prepare: (api) => silentAfter(api, 'electricity', SILENT_AFTER_S) },
      (stage) => cutInTwo(stage, seconds, options),
    )
    const lossSeconds = sized(options, { quick: 5, usual: 15 })
    const lossy = await lossyFigures(lossSeconds, options)
    return {
      size:
        `${DEVICES} devices half-open for ${seconds} s, at ${describeLoad(STAGE)}; ` +
        `5, 15 and 30 % loss for ${lossSeconds} s each`,
      figures: [...halfOpen, ...lossy],
    }
  },
}

async function cutInTwo(stage: Stage, seconds: number, { say }: ChaosOptions): Promise<BenchRow[]> {
  const line = await startTcpProxy({ port: stage.hub.mqttPort })
  const devices = stage.devices('far').map((credential) => new SteadyDevice(line.port, credential, KEEPALIVE_S))
  try {
    await until('the far devices are heard', () => devices.every(({ acknowledged }) => acknowledged.size >= 3))
    say(`the line is dead for ${seconds} s`)
    line.freeze()
    await delay(seconds * 1_000)
    const healMs = await heal(line, devices)
    // Silence ends with the first message; nothing else may follow it.
    for (const device of devices) device.fallSilent()
    await until('all that was kept has arrived', () => devices.every(({ underWay }) => underWay === 0), 60_000)
    // From here on everybody is silent in earnest.
    await silentAfter(stage.api, 'electricity', LONG_S)
    for (const device of devices) device.end()
    const { evidence, figures } = await stage.account()
    const raised = new Map<string, number>()
    for (const { transition } of evidence.transitions)
      if (transition.type === 'raised' && transition.alarm.ruleId === 'device.silent')
        raised.set(transition.alarm.deviceId, (raised.get(transition.alarm.deviceId) ?? 0) + 1)
    const lost = devices.flatMap(({ id, acknowledged }) =>
      [...acknowledged].filter((ts) => evidence.readings.get(id)?.has(ts) !== true),
    )
    return [
      exactly(
        'half-open devices said to be silent exactly once',
        devices.filter(({ id }) => raised.get(id) === 1).length,
        '',
        DEVICES,
      ),
      exactly(
        'other devices said to be silent',
        [...raised.keys()].filter((id) => !id.startsWith('far-')).length,
        '',
        0,
      ),
      figure(
        'their readings acknowledged',
        devices.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0),
        '',
      ),
      exactly('of these lost', lost.length, '', 0),
      figure('all back after the line was', healMs, 'ms'),
      // The silences are owed: they are counted above.
      ...figures.filter(({ name }) => name !== 'false alarms'),
    ]
  } finally {
    for (const device of devices) device.end()
    await line.stop()
  }
}

async function heal(line: TcpProxy, devices: readonly SteadyDevice[]): Promise<number> {
  const started = performance.now()
  line.cut()
  line.thaw()
  await until('the far devices are back', () => devices.every(({ connected }) => connected), 60_000)
  return performance.now() - started
}

async function lossyFigures(seconds: number, { say }: ChaosOptions): Promise<BenchRow[]> {
  say('packets are dropped')
  try {
    return await lossyNetwork(seconds)
  } catch (error) {
    if (!(error instanceof NotPossible)) throw error
    return [{ name: `loss: ${error.message}`, value: null, unit: '', target: 'not run', ok: null }]
  }
}
