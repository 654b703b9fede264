// An ingest worker of a cluster: decides what devices say, for its share of the partitions, and carries their readings to the
// store. Any number of them live beside each other; what one leaves, the others take.
import { randomBytes } from 'node:crypto'
import { collectDefaultMetrics, Registry as Metrics } from 'prom-client'
import type { Logger } from 'pino'
import { WorkerEnd } from '../../cluster/commands/worker-end.ts'
import { Duty } from '../../cluster/duty.ts'
import { NodeBoard } from '../../cluster/node-board.ts'
import { redisReady } from '../../cluster/ready.ts'
import { checkLayout, clusterIdOf } from '../../cluster/streams/layout.ts'
import { testRedis } from '../../cluster/streams/self-test.ts'
import { StreamWriter } from '../../cluster/streams/stream-writer.ts'
import { Subscriber } from '../../cluster/subscriber.ts'
import { Directory } from '../../cluster/worker/directory.ts'
import { Worker } from '../../cluster/worker/worker.ts'
import { PARTITIONS } from '../../contract/partitions.ts'
import { StoreUnavailableError } from '../../ingest/readings/unavailable.ts'
import { leavingOutUnfit } from '../../ingest/readings/unfit.ts'
import { EVERYTHING } from '../../records/scope.ts'
import { Arrivals } from '../arrivals.ts'
import { systemClock } from '../clock.ts'
import { HUB_PLACEMENT, hubProfile } from '../own-device.ts'
import { createReadingStore, leftOut, retentionOf } from '../reading-store.ts'
import { placementOf, profileOf } from '../registry.ts'
import { RejectionSamples } from '../rejections.ts'
import { CurrentRules } from '../rules.ts'
import { Unheard } from '../unheard.ts'
import { startHealthServer } from './health-server.ts'
import { measureWorker } from './ingest-measures.ts'
import { joining, newestPosition } from './joining.ts'
import { startOwnConditions } from './own-conditions.ts'
import { startParts } from './parts.ts'
import type { RemoteStore } from '../../ingest/readings/port.ts'
import type { ClusterLedger } from '../../records/ledger/cluster.ts'
import type { HubOptions } from '../hub.ts'
import type { Config } from '../config.ts'
import type { Stops } from './parts.ts'
import type { Running } from './start.ts'

const MAINTAIN_EVERY_MS = 60_000

export function startIngestRole(config: Config, log: Logger, options: HubOptions = {}): Promise<Running> {
  return startParts(config, log, (stops, stop) => wire(config, log, options, stops, stop))
}

async function wire(
  config: Config,
  log: Logger,
  options: HubOptions,
  stops: Stops,
  stop: () => Promise<void>,
): Promise<Running> {
  const startedAt = Date.now()
  const node = `ingest-${randomBytes(6).toString('hex')}`
  const metrics = new Metrics()
  collectDefaultMetrics({ register: metrics })
  let worker: Worker | null = null
  const health = await startHealthServer({
    host: config.ZHIAN_HOST,
    port: config.ZHIAN_HTTP_PORT,
    metrics,
    ready: () => {
      const parts = { ledger: false, streams: false, partitions: false, ...worker?.isReady }
      return Promise.resolve({ ok: parts.ledger && parts.streams && parts.partitions, parts })
    },
  })
  stops.push(['health', () => health.stop()])

  // ── what is remembered ──
  const { connect, openLedger } = joining(node, config, log, stops)
  const ledger = await openLedger()
  await ledger.partitions.ensure(PARTITIONS)
  const clock = systemClock(await aheadOf(ledger))
  const store = createReadingStore(config, { events: ledger.deviceEvents, now: clock.wall })
  stops.push(['the store of readings', () => store.stop()])
  await startStore(store, log)

  // ── the streams ──
  const redis = connect('everything else')
  await redisReady(redis)
  // Without replicas nothing is acknowledged to devices; what was acknowledged before is decided all the same.
  for (const hint of await testRedis(redis, 0)) log.warn(hint)
  await checkLayout(redis, await clusterIdOf(ledger.settings), clock.wall())
  const writer = new StreamWriter({
    redis: connect('the streams', { batched: true }),
    replicas: config.ZHIAN_REDIS_REPLICAS,
    known: await newestPosition(ledger),
  })
  stops.push(['the streams', () => writer.stop()])
  await writer.start()

  // ── who is who ──
  const rules = new CurrentRules(ledger.rules)
  const known: { get: Directory['get'] } = { get: (deviceId) => directory.get(deviceId) }
  const unheard = new Unheard(known, await ledger.places.areas(EVERYTHING))
  const directory: Directory = new Directory({
    devices: ledger.devices,
    reloadRules: () => rules.reload(),
    rulesOf: (kind) => rules.of(kind),
    known(identity) {
      unheard.learn(identity)
      return { profile: profileOf(identity), placement: placementOf(identity) }
    },
    own: [{ profile: hubProfile(), placement: HUB_PLACEMENT, placeOf: unheard.placeOf }],
  })

  // ── from a message to its transition ──
  const samples = new RejectionSamples(ledger.rejections, log)
  stops.push(['rejection samples', () => samples.write()])
  const arrivals = new Arrivals(ledger.devices, log)
  const line = new WorkerEnd({
    redis,
    subscriber: new Subscriber(connect('commands')),
    node,
    now: () => performance.now(),
  })
  line.start()
  stops.push(['the way of commands', () => line.stop()])
  const board = new NodeBoard(redis, { id: node, role: 'ingest', startedAt })
  worker = new Worker({
    ledger,
    redis,
    blocking: connect('reading', { blocking: true }),
    writer,
    board,
    store: { append: leavingOutUnfit((inputs) => store.append(inputs), leftOut(log)) },
    directory,
    line,
    clock,
    log,
    rejected: (given) => samples.take(given),
    inService: (deviceId) => arrivals.add(deviceId),
    ...(options.faultPoint === undefined ? {} : { faultPoint: options.faultPoint }),
  })
  const running = worker
  measureWorker(metrics, running, clock.wall)
  stops.push(['the worker', () => running.stop()])
  await running.start()
  stops.push([
    'what the cluster watches about itself',
    startOwnConditions({
      board,
      owned: (partition) => running.owned(partition),
      settings: ledger.settings,
      unheard,
      wall: clock.wall,
      log,
    }),
  ])
  stops.push(['maintenance', startMaintenance({ ledger, store, config, node, wall: clock.wall, log })])
  log.info({ node, devices: directory.size, httpPort: health.port }, 'ready')
  const failed = Promise.race([ledger.failed, running.failed])
  return { httpPort: health.port, mqttPort: null, mqttsPort: null, setupCode: null, failed, stop }
}

/** How far the database's clock is before this machine's, ms: timers of a partition go on in time whoever takes it. */
async function aheadOf(ledger: ClusterLedger): Promise<number> {
  const asked = Date.now()
  const [row] = await ledger.partitions.all()
  return row === undefined ? 0 : row.now - (asked + Date.now()) / 2
}

/** Alarms do not wait for the store of readings: one that is away is used when it is there. */
async function startStore(store: RemoteStore, log: Logger): Promise<void> {
  try {
    await store.start()
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error
    log.warn({ err: error }, 'the store of readings does not answer; alarms go on, readings wait in the streams')
  }
}

interface MaintenanceParts {
  readonly ledger: ClusterLedger
  readonly store: RemoteStore
  readonly config: Config
  readonly node: string
  readonly wall: () => number
  readonly log: Logger
}

/** Retention of ledger and readings, by one worker at a time. */
function startMaintenance({ ledger, store, config, node, wall, log }: MaintenanceParts): () => Promise<void> {
  const work = async (): Promise<void> => {
    const outcomes = await Promise.allSettled([store.maintain(wall(), retentionOf(config)), ledger.maintain(wall())])
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') log.warn({ err: outcome.reason }, 'maintenance failed; it is tried again')
  }
  const duty = new Duty({
    duties: ledger.duties,
    name: 'maintenance',
    holder: node,
    begin() {
      let under: Promise<void> = Promise.resolve()
      const timer = setInterval(() => (under = under.then(work)), MAINTAIN_EVERY_MS)
      return Promise.resolve({
        mark: () => null,
        async stop() {
          clearInterval(timer)
          await under
        },
      })
    },
    failed: (error) => log.warn({ err: error }, 'who does the maintenance could not be agreed on'),
  })
  duty.start()
  return () => duty.stop()
}
