// Durable intake beside Mosquitto merely accepting the same messages, turn about in one run on one machine: same
// generator, same bytes, live timestamps. The hub stores them and evaluates the rules before each PUBACK.
import { cpuSecondsOf, startMosquitto } from '../load/mosquitto.ts'
import { runLoad } from '../load/publisher.ts'
import type { Credential, LoadResult } from '../load/publisher.ts'
import type { Api } from '../support/api.ts'
import type { SeriesPoint } from '../../ingest/readings/port.ts'
import { register, withHub } from './hub.ts'
import { median } from './percentile.ts'
import { atLeast, exactly, figure } from './row.ts'
import type { BenchOptions, BenchRow } from './row.ts'

const CONNECTIONS = [50, 200]
/** Unacknowledged messages a connection: enough that neither server ever waits for the generator's answer. */
const WINDOW = 256
/** Values in a message of the generator. */
const VALUES = 8
const RATIO = 0.8
const PER_SECOND = 60_000

interface Server {
  readonly port: number
  readonly pid: number
}

interface Round {
  readonly load: LoadResult
  /** CPU of the server a message, µs. */
  readonly serverMicros: number
}

interface Turns {
  readonly hub: readonly Round[]
  readonly mosquitto: readonly Round[]
}

export async function benchIntake({ quick }: BenchOptions): Promise<BenchRow[]> {
  const rounds = quick ? 1 : 3
  const seconds = quick ? 1 : 5
  return withHub(async ({ mqttPort: port, pid }, api) => {
    const hub = { port, pid }
    const mosquitto = await startMosquitto()
    try {
      const rows: BenchRow[] = []
      const every: LoadResult[] = []
      const warmUp = await register(api, 'warm-up', 'electricity', 50)
      await round(mosquitto, warmUp, quick ? 0.5 : 3)
      every.push((await round(hub, warmUp, quick ? 0.5 : 3)).load)
      for (const connections of CONNECTIONS) {
        const turns: { hub: Round[]; mosquitto: Round[] } = { hub: [], mosquitto: [] }
        for (let turn = 0; turn < rounds; turn++) {
          // Devices of their own for every round: one that was heard before would now and then repeat a millisecond.
          const devices = await register(api, `c${connections}-r${turn}`, 'electricity', connections)
          turns.mosquitto.push(await round(mosquitto, devices, seconds))
          turns.hub.push(await round(hub, devices, seconds))
        }
        rows.push(...compared(`${connections} connections`, turns))
        every.push(...turns.hub.map(({ load }) => load))
      }
      rows.push(...(await accounted(api, every)))
      const [lone] = await register(api, 'lone', 'electricity', 1)
      if (lone !== undefined) rows.push(...(await loneMessages(hub, mosquitto, lone, quick ? 1 : 3)))
      return rows
    } finally {
      await mosquitto.stop()
    }
  })
}

async function round(server: Server, credentials: readonly Credential[], seconds: number): Promise<Round> {
  const before = cpuSecondsOf(server.pid)
  const load = await runLoad({ port: server.port, credentials, window: WINDOW, seconds })
  if (load.acknowledged === 0) throw new Error(`nothing was acknowledged: ${load.lastError ?? 'no reason given'}`)
  return { load, serverMicros: ((cpuSecondsOf(server.pid) - before) / load.acknowledged) * 1e6 }
}

function compared(label: string, { hub, mosquitto }: Turns): BenchRow[] {
  const middle = (rounds: readonly Round[], of: (round: Round) => number): number => median(rounds.map(of))
  const perSecond = ({ load }: Round): number => load.perSecond
  const server = ({ serverMicros }: Round): number => serverMicros
  const generator = ({ load }: Round): number => load.microsPerMessage
  const [durable, accepted] = [middle(hub, perSecond), middle(mosquitto, perSecond)]
  return [
    atLeast(`${label}: the hub, durable, rules evaluated`, durable, 'msg/s', PER_SECOND),
    figure(`${label}: Mosquitto, merely accepting`, accepted, 'msg/s'),
    atLeast(`${label}: the hub as a share of Mosquitto`, durable / accepted, '', RATIO),
    figure(`${label}: CPU a message, the hub`, middle(hub, server), 'µs'),
    figure(`${label}: CPU a message, Mosquitto`, middle(mosquitto, server), 'µs'),
    figure(`${label}: CPU a message, generator for the hub`, middle(hub, generator), 'µs'),
    figure(`${label}: CPU a message, generator for Mosquitto`, middle(mosquitto, generator), 'µs'),
    figure(
      `${label}: PUBLISH → PUBACK of a full window, p99`,
      middle(hub, ({ load }) => load.latencyMs.p99),
      'ms',
    ),
  ]
}

/** What was acknowledged, by the generator's own account, against the hub's counters and against the store itself. */
async function accounted(api: Api, loads: readonly LoadResult[]): Promise<BenchRow[]> {
  const sum = (of: (load: LoadResult) => number): number => loads.reduce((total, load) => total + of(load), 0)
  const acknowledged = sum((load) => load.acknowledged)
  const { stored, rejected } = await api.ok<{ stored: number; rejected: number }>('GET', '/counters')
  const last = loads.at(-1)?.oracle ?? []
  let missing = 0
  for (const { username, acknowledged: owed } of last) missing += Math.max(0, owed.count - (await kept(api, username)))
  return [
    exactly(
      'PUBACKs out of order',
      sum((load) => load.outOfOrder + load.unexpected),
      '',
      0,
    ),
    figure('messages acknowledged by the hub', acknowledged, ''),
    atLeast('values stored, by its counters', stored, '', acknowledged * VALUES),
    exactly('values rejected, by its counters', rejected, '', 0),
    exactly('acknowledged readings of the last round missing in the store', missing, '', 0),
  ]
}

/** Readings of a device in the store. */
async function kept(api: Api, deviceId: string): Promise<number> {
  const hour = 3_600_000
  const query = `metric=energy&from=${Date.now() - hour}&to=${Date.now() + hour}&points=1`
  const { points } = await api.ok<{ points: SeriesPoint[] }>('GET', `/devices/${deviceId}/readings?${query}`)
  return points.reduce((total, { count }) => total + count, 0)
}

/** One connection, one message at a time: what a device waits for its PUBACK. */
async function loneMessages(
  hub: Server,
  mosquitto: Server,
  credential: Credential,
  seconds: number,
): Promise<BenchRow[]> {
  const alone = async ({ port }: Server): Promise<LoadResult> =>
    runLoad({ port, credentials: [credential], window: 1, seconds })
  const [accepted, durable] = [await alone(mosquitto), await alone(hub)]
  return [
    figure('a lone message, PUBLISH → PUBACK: the hub, durable, p50', durable.latencyMs.p50, 'ms'),
    figure('a lone message, PUBLISH → PUBACK: the hub, durable, p99', durable.latencyMs.p99, 'ms'),
    figure('a lone message, PUBLISH → PUBACK: Mosquitto, p50', accepted.latencyMs.p50, 'ms'),
    figure('a lone message, PUBLISH → PUBACK: Mosquitto, p99', accepted.latencyMs.p99, 'ms'),
  ]
}
