// A county's devices in a process of their own, outside of what is broken. Started by fleet.ts, which it never outlives.
import { FleetDevice } from './fleet-device.ts'
import type { Cycle } from './schedule.ts'

export interface FleetPlan {
  readonly port: number
  readonly devices: readonly { readonly id: string; readonly password: string }[]
  readonly cycle: Cycle
  /** Between two samples of one device, ms. */
  readonly intervalMs: number
  readonly connectsPerSecond: number
}

export type ToFleet =
  | { readonly type: 'plan'; readonly plan: FleetPlan }
  | { readonly type: 'measure' }
  /** Nothing new; what was measured is still sent. */
  | { readonly type: 'rest' }
  | { readonly type: 'progress' }
  | { readonly type: 'record' }

/** By device, in the order it measured: time, whether over the limit, how often sent, when acknowledged (0: not). */
export interface FleetRecord {
  readonly id: string
  readonly samples: Float64Array
}
export const RECORD_WIDTH = 4

export interface FleetProgress {
  readonly connected: number
  readonly measured: number
  readonly acknowledged: number
  readonly resent: number
  readonly connects: number
  readonly refused: number
  readonly unexpected: number
  /** The devices that have something without PUBACK. */
  readonly waiting: number
  /** Whatever was measured before this is acknowledged, of every device; wall time, ms. */
  readonly flownTo: number
}
export type FromFleet =
  | { readonly type: 'progress'; readonly progress: FleetProgress }
  | { readonly type: 'record'; readonly record: FleetRecord[] }

const TICK_MS = 20
const LOOK_MS = 1_000

let devices: FleetDevice[] = []
let timer: NodeJS.Timeout | null = null

function connectAll({ connectsPerSecond }: FleetPlan): void {
  let opened = 0
  const step = Math.max(1, Math.ceil((connectsPerSecond * TICK_MS) / 1_000))
  const open = (): void => {
    for (let i = 0; i < step && opened < devices.length; i++) devices[opened++]?.connect()
    if (opened < devices.length) setTimeout(open, TICK_MS)
  }
  open()
  setInterval(() => {
    const now = Date.now()
    for (const device of devices) device.look(now)
  }, LOOK_MS)
}

/** One after the other round the fleet, so that each measures once an interval. */
function measureAll(intervalMs: number): void {
  const started = performance.now()
  let measured = 0
  timer ??= setInterval(() => {
    const due = Math.floor(((performance.now() - started) / intervalMs) * devices.length)
    const now = Date.now()
    for (; measured < due; measured++) devices[measured % devices.length]?.measure(now)
  }, TICK_MS)
}

function progress(): FleetProgress {
  const sum = (of: (device: FleetDevice) => number): number => devices.reduce((total, one) => total + of(one), 0)
  return {
    connected: sum(({ connected }) => (connected ? 1 : 0)),
    measured: sum(({ samples }) => samples.length),
    acknowledged: sum((device) => device.samples.length - device.waiting),
    resent: sum(({ resent }) => resent),
    connects: sum(({ connects }) => connects),
    refused: sum(({ refused }) => refused),
    unexpected: sum(({ unexpected }) => unexpected),
    waiting: sum(({ waiting }) => (waiting > 0 ? 1 : 0)),
    flownTo: devices.reduce((least, { newestAcknowledged }) => Math.min(least, newestAcknowledged), Infinity),
  }
}

const record = (): FleetRecord[] =>
  devices.map(({ plan, samples }) => ({
    id: plan.id,
    samples: Float64Array.from(
      samples.flatMap(({ ts, loud, sent, acknowledgedAt }) => [ts, loud ? 1 : 0, sent, acknowledgedAt]),
    ),
  }))

let plan: FleetPlan | null = null
process.on('message', (message: ToFleet) => {
  if (message.type === 'plan') {
    plan = message.plan
    const { port, cycle } = plan
    devices = plan.devices.map(({ id, password }, index) => new FleetDevice({ id, password, index, cycle, port }))
    connectAll(plan)
  }
  if (message.type === 'measure' && plan !== null) measureAll(plan.intervalMs)
  if (message.type === 'rest' && timer !== null) {
    clearInterval(timer)
    timer = null
  }
  const answer: FromFleet =
    message.type === 'record' ? { type: 'record', record: record() } : { type: 'progress', progress: progress() }
  process.send?.(answer)
})
process.on('disconnect', () => process.exit(0))
