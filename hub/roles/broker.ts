// A broker of a cluster: lets devices in and puts what they say into the streams. It decides nothing and remembers nothing but
// who may come in; any number of them stand behind one balancer.
import { randomBytes } from 'node:crypto'
import { collectDefaultMetrics, Counter, Registry as Metrics } from 'prom-client'
import type { Logger } from 'pino'
import { createBroker } from '../../broker/broker.ts'
import { ChangeTail } from '../../cluster/change-tail.ts'
import { BrokerEnd } from '../../cluster/commands/broker-end.ts'
import { BrokerLines } from '../../cluster/lines/broker-lines.ts'
import { NodeBoard, REPORT_EVERY_MS } from '../../cluster/node-board.ts'
import { redisReady } from '../../cluster/ready.ts'
import { Backlog, DEFAULT_BOUNDS } from '../../cluster/streams/backlog.ts'
import { checkLayout, clusterIdOf } from '../../cluster/streams/layout.ts'
import { testRedis } from '../../cluster/streams/self-test.ts'
import { StreamIntake } from '../../cluster/streams/stream-intake.ts'
import { StreamWriter } from '../../cluster/streams/stream-writer.ts'
import { Subscriber } from '../../cluster/subscriber.ts'
import { DEVICE_TOKEN_KEY } from '../../records/device-token-key.ts'
import { BridgedDirectory } from '../bridged-devices.ts'
import { measureBridges } from '../bridge-measures.ts'
import { systemClock } from '../clock.ts'
import { MemoryCredentials } from '../credentials.ts'
import { startBrokerBridges } from './broker-bridges.ts'
import type { BrokerBridges } from './broker-bridges.ts'
import { BrokerCredentials } from './broker-credentials.ts'
import { measureBroker, streamWrites } from './broker-measures.ts'
import { startHealthServer } from './health-server.ts'
import { joining, newestPosition } from './joining.ts'
import { startParts } from './parts.ts'
import type { Config } from '../config.ts'
import type { Stops } from './parts.ts'
import type { Running } from './start.ts'

const SAY_EVERY_MS = 60_000

export function startBrokerRole(config: Config, log: Logger): Promise<Running> {
  return startParts(config, log, (stops, stop) => wire(config, log, stops, stop))
}

async function wire(config: Config, log: Logger, stops: Stops, stop: () => Promise<void>): Promise<Running> {
  const clock = systemClock()
  const node = `broker-${randomBytes(6).toString('hex')}`
  const metrics = new Metrics()
  collectDefaultMetrics({ register: metrics })

  // ── the streams: whether this Redis can keep what a PUBACK promises is known before anything listens ──
  const { connect, openLedger } = joining(node, config, log, stops)
  const redis = connect('everything else')
  await redisReady(redis)
  for (const hint of await testRedis(redis, config.ZHIAN_REDIS_REPLICAS)) log.warn(hint)

  // ── who may come in ──
  const ledger = await openLedger({ now: clock.wall })
  await checkLayout(redis, await clusterIdOf(ledger.settings), clock.wall())
  const key = Buffer.from((await ledger.settings.get(DEVICE_TOKEN_KEY)) as string, 'base64')
  const credentials = new MemoryCredentials(key)
  const board = new NodeBoard(redis, { id: node, role: 'broker', startedAt: clock.wall() })
  const directory = new BridgedDirectory()
  const who = new BrokerCredentials({
    devices: ledger.devices,
    credentials,
    directory,
    disconnect: (deviceId) => broker.disconnect(deviceId),
  })
  const tail = new ChangeTail({
    ledger,
    apply: (changes) => who.take(changes),
    applied: (seq) => void board.change({ applied: seq }),
    reload: () => who.load(),
    failed: seldom((error) => log.warn({ err: error }, 'the ledger does not answer; devices are let in as before')),
  })

  // ── the way of their messages ──
  const lost = new Counter({
    name: 'zhian_stream_positions_lost',
    help: 'Entries that Redis had answered for and did not have when it came back',
    registers: [metrics],
  })
  const writes = streamWrites(metrics)
  const writer = new StreamWriter({
    redis: connect('the streams', { batched: true }),
    replicas: config.ZHIAN_REDIS_REPLICAS,
    known: await newestPosition(ledger),
    wrote: (_, ms) => writes.observe(ms / 1_000),
    adding(problem) {
      if (problem === null) log.info('Redis takes messages')
      else log.error({ problem }, 'Redis takes no messages: nothing is acknowledged')
    },
    opened(_, loss) {
      void lines.compare()
      if (loss === null) return
      const entries = loss.lost.reduce((sum, { after, upTo }) => sum + upTo - after, 0)
      lost.inc(entries)
      log.error(
        { entries, ...loss },
        'Redis came back without entries that were acknowledged; workers may have read them',
      )
    },
  })
  const lines = new BrokerLines({
    writer,
    redis,
    node,
    wall: clock.wall,
    failed: (error) => log.debug({ err: error }, 'the lines could not be compared'),
  })
  const backlog = new Backlog(redis, DEFAULT_BOUNDS, () => intake.lookAtHeld())
  const intake = new StreamIntake({ writer, backlog, node })

  // ── the door ──
  const broker = createBroker({
    host: config.ZHIAN_MQTT_HOST,
    port: config.ZHIAN_MQTT_PORT,
    ...(config.tls === null ? {} : { tls: { ...config.tls, port: config.ZHIAN_MQTTS_PORT } }),
    intake,
    credentials,
    observer: {
      presence: (deviceId, connected, at, politely) => lines.changed(deviceId, connected, at, politely),
      // The broker counts them by reason itself; /metrics reads its account.
      refused: () => {},
    },
    onError: (error) => log.error({ err: error }, 'broker'),
    limits: { ratePerSecond: config.ZHIAN_DEVICE_RATE },
  })
  measureBroker(metrics, { broker, intake, writer, backlog })

  let [loaded, listening] = [false, false]
  const health = await startHealthServer({
    host: config.ZHIAN_HOST,
    port: config.ZHIAN_HTTP_PORT,
    metrics,
    ready: () => {
      const parts = { mqtt: listening, redis: writer.problem === null && writer.refusal === null, credentials: loaded }
      return Promise.resolve({ ok: parts.mqtt && parts.redis && parts.credentials, parts })
    },
  })
  stops.push(['health', () => health.stop()])
  await tail.start()
  stops.push(['the log of changes', () => tail.stop()])
  await who.load()
  loaded = true
  // The broker has waited for what it took.
  stops.push(['the streams', () => writer.stop(1_000)])
  await writer.start()
  await backlog.look()
  backlog.start()
  intake.start()
  stops.push(['the look at the backlog', () => backlog.stop()])
  lines.start()
  stops.push(['the lines', () => lines.leave()])
  const subscriber = new Subscriber(connect('commands'))
  const commands = new BrokerEnd({
    redis,
    subscriber,
    node,
    broker,
    now: () => performance.now(),
    wall: clock.wall,
  })
  commands.start()
  stops.push(['commands', () => commands.stop()])
  board.start()
  let bridges: BrokerBridges | null = null
  const counting = setInterval(() => {
    const { connections, refused } = broker.counters()
    void board.change({ connections, refused, ...(bridges === null ? {} : { bridges: bridges.report() }) })
  }, REPORT_EVERY_MS)
  stops.push(['the node board', () => (clearInterval(counting), board.stop())])

  // Last, so that it is the first to end: nothing is let in before everything behind it stands.
  const { port: mqttPort, tlsPort: mqttsPort } = await broker.start()
  listening = true
  stops.push([
    'the broker',
    async () => {
      listening = false
      const ended = broker.stop()
      // Not acknowledged: their devices send them again, elsewhere.
      intake.stop()
      await ended
    },
  ])
  const reading = startBrokerBridges({
    configs: config.bridges,
    intake,
    registered: directory,
    duties: ledger.duties,
    node,
    clock,
    log,
    failed: seldom((error) => log.warn({ err: error }, 'the ledger does not answer; bridges are nobody’s for now')),
  })
  stops.push(['the bridges', () => reading.stop()])
  measureBridges(metrics, () => reading.report().read)
  bridges = reading
  log.info({ node, httpPort: health.port, mqttPort }, 'ready')
  return { httpPort: health.port, mqttPort, mqttsPort, setupCode: null, failed: ledger.failed, stop }
}

/** Says a problem at most once a minute. */
function seldom(say: (error: unknown) => void): (error: unknown) => void {
  let saidAt = -Infinity
  return (error) => {
    if (performance.now() - saidAt < SAY_EVERY_MS) return
    saidAt = performance.now()
    say(error)
  }
}
