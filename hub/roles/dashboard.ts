// A dashboard of a cluster: pages, API and live feed over the shared ledger. It decides nothing and keeps nothing of its own; any
// number of them stand behind one balancer, and a page that loses one goes on at another from where it was.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { collectDefaultMetrics, Registry as Metrics } from 'prom-client'
import type { Logger } from 'pino'
import { clusterBridges } from '../../cluster/bridges.ts'
import { ChangesForgotten, ChangeTail } from '../../cluster/change-tail.ts'
import { clusterAccount, countsOfDevice } from '../../cluster/dashboard/account.ts'
import { ClusterState } from '../../cluster/dashboard/cluster-state.ts'
import { Desks } from '../../cluster/dashboard/desks.ts'
import { DevicePlaces } from '../../cluster/dashboard/device-places.ts'
import { sharedGuardMemory } from '../../cluster/dashboard/guard-memory.ts'
import { JournalTail } from '../../cluster/journal-tail.ts'
import { ClusterLearners } from '../../cluster/dashboard/learners.ts'
import { ClusterLive } from '../../cluster/dashboard/live.ts'
import { ClusterPeers } from '../../cluster/dashboard/peers.ts'
import { Presences } from '../../cluster/dashboard/presences.ts'
import { answeringReadings } from '../../cluster/dashboard/reading-queries.ts'
import { Requests } from '../../cluster/dashboard/requests.ts'
import { WatchedReadings } from '../../cluster/dashboard/watched-readings.ts'
import { Duty } from '../../cluster/duty.ts'
import { NodeBoard } from '../../cluster/node-board.ts'
import { redisReady } from '../../cluster/ready.ts'
import { checkLayout, clusterIdOf } from '../../cluster/streams/layout.ts'
import { RedisUnusable } from '../../cluster/streams/redis-unusable.ts'
import { StreamWriter } from '../../cluster/streams/stream-writer.ts'
import { Subscriber } from '../../cluster/subscriber.ts'
import { PARTITIONS } from '../../contract/partitions.ts'
import { createDashboard } from '../../dashboard/server/dashboard.ts'
import { SCOPE_MARKS } from '../../dashboard/server/feed/scope-marks.ts'
import { systemClock } from '../clock.ts'
import { firstAdministrator } from '../first-administrator.ts'
import { startAsking } from '../prompts/asking.ts'
import { httpsSender } from '../push/endpoint.ts'
import { tellTelephones } from '../push/on-duty.ts'
import { Push } from '../push/push.ts'
import { Vapid } from '../push/vapid.ts'
import { createReadingStore } from '../reading-store.ts'
import { registryOf } from '../registry-of.ts'
import { HUB_VERSION } from '../version.ts'
import { joining, newestPosition } from './joining.ts'
import { startParts } from './parts.ts'
import { seldom } from './seldom.ts'
import type { Config } from '../config.ts'
import type { Stops } from './parts.ts'
import type { Running } from './start.ts'

const WEB_ROOT = join(import.meta.dirname, '..', '..', 'dashboard', 'web', 'dist')
/** Setting: the code of the set-up link, the same from every dashboard, until there is an administrator. */
const SETUP_CODE = 'setup_code'
/** A dashboard that begins together with Redis waits so long for it. */
const REDIS_WITHIN_MS = 5_000

export function startDashboardRole(config: Config, log: Logger): Promise<Running> {
  return startParts(config, log, (stops, stop) => wire(config, log, stops, stop))
}

async function wire(config: Config, log: Logger, stops: Stops, stop: () => Promise<void>): Promise<Running> {
  const clock = systemClock()
  const startedAt = clock.wall()
  const node = `dashboard-${randomBytes(6).toString('hex')}`
  const sink = { info: log.info.bind(log), warn: log.warn.bind(log), error: log.error.bind(log) }
  const metrics = new Metrics()
  collectDefaultMetrics({ register: metrics })

  // ── what is shared ──
  const { connect, openLedger } = joining(node, config, log, stops)
  const ledger = await openLedger({ now: clock.wall, personalKeyFile: config.ZHIAN_PERSONAL_KEY_FILE })
  await ledger.partitions.ensure(PARTITIONS)
  const setupCode = await firstAdministrator(ledger.users, config.ZHIAN_ADMIN_PASSWORD, (code) =>
    ledger.settings.ensure(SETUP_CODE, () => code),
  )
  const redis = connect('everything else')
  const clusterId = await clusterIdOf(ledger.settings)
  /** What this process holds in memory is of no use: it ends, and begins anew. */
  const unfit = Promise.withResolvers<never>()
  unfit.promise.catch(() => undefined)
  try {
    await redisReady(redis, REDIS_WITHIN_MS)
    await checkLayout(redis, clusterId, clock.wall())
  } catch (error) {
    if (redis.status === 'ready') throw error
    // What is journalled can be looked at all the same; and a page is where an officer learns that the rest is not well.
    log.error({ err: error }, 'started without Redis: pages show what the ledger has')
    redis.once('ready', () => {
      checkLayout(redis, clusterId, clock.wall()).catch((problem: unknown) => {
        if (problem instanceof RedisUnusable) unfit.reject(problem)
      })
    })
  }
  const subscriber = new Subscriber(connect('news'))
  const board = new NodeBoard(redis, { id: node, role: 'dashboard', startedAt })
  const store = createReadingStore(config, { events: ledger.deviceEvents, now: clock.wall })
  stops.push(['the reading store', () => store.stop()])

  // ── what happens now ──
  const ledgerAway = seldom((error) => log.warn({ err: error }, 'the ledger does not answer'))
  const state = new ClusterState({
    partitions: ledger.partitions,
    board,
    redis,
    changed(problems) {
      if (state.isStoring && !state.readingsLate) log.info('everything is taken and stored')
      else log.error({ problems }, state.isStoring ? 'readings are late' : 'not everything is taken')
      live.storingChanged()
    },
  })
  const places = new DevicePlaces(ledger.devices)
  const presences = new Presences({
    redis,
    subscriber,
    changed: (deviceId, online, at) => live.presenceChanged(deviceId, online, at),
    now: clock.wall,
  })
  const watched = new WatchedReadings(subscriber, (deviceId, news) => live.reading(deviceId, news))
  const live = new ClusterLive({
    commands: ledger.commands,
    places,
    presences,
    state,
    watch: (deviceId, isWatched) => watched.watch(deviceId, isWatched),
  })
  const peers = new ClusterPeers({ redis, subscriber, nodeId: node, scopeMarks: SCOPE_MARKS })
  const changes = new ChangeTail({
    ledger,
    async apply(changed) {
      await places.take(changed)
      peers.changed(changed)
      await live.changed(changed)
    },
    applied: (seq) => void board.change({ applied: seq }),
    failed: ledgerAway,
    reload: async () => unfit.reject(new ChangesForgotten()),
  })
  await changes.start()
  stops.push(['the log of changes', () => changes.stop()])
  await places.load()
  await presences.start()
  stops.push(['presence', () => presences.stop()])
  await state.start()
  stops.push(['the look at the cluster', () => state.stop()])
  const transitions = new JournalTail({
    journal: ledger.journal,
    onWake: (listener) => ledger.onWake(listener),
    tell: live.transitions,
    failed: ledgerAway,
  })
  transitions.start(await ledger.journal.head())
  stops.push(['the journal', () => transitions.stop()])

  // ── what people do ──
  const writer = new StreamWriter({
    redis: connect('requests', { batched: true }),
    replicas: config.ZHIAN_REDIS_REPLICAS,
    known: await newestPosition(ledger),
  })
  await writer.start()
  stops.push(['the streams', () => writer.stop()])
  const requests = new Requests({ ledger, writer, now: clock.wall })
  requests.start()
  stops.push(['requests', () => requests.stop()])
  const learners = new ClusterLearners({ changes: ledger.changes, board, writer, log: sink })

  // ── what the cluster does once ──
  const toTelephones = httpsSender()
  const push = new Push({
    records: ledger.push,
    managersFor: (alarm) => ledger.leases.recipientsOf(alarm),
    vapid: await Vapid.of(ledger.settings, config.ZHIAN_PUSH_CONTACT),
    send: toTelephones.send,
    now: clock.wall,
    log,
    metrics,
  })
  stops.push(['messages to telephones', () => push.stop().finally(toTelephones.close)])
  const duties = [
    new Duty({
      duties: ledger.duties,
      name: 'telephones',
      holder: node,
      begin: (mark) => tellTelephones({ ledger, push, now: clock.wall, failed: ledgerAway }, mark),
      failed: ledgerAway,
    }),
    new Duty({
      duties: ledger.duties,
      name: 'questions to managers',
      holder: node,
      begin: async () => ({
        mark: () => null,
        stop: startAsking({
          prompts: ledger.prompts,
          devices: ledger.devices,
          readings: store,
          managersFor: (alarm) => ledger.leases.recipientsOf(alarm),
          now: clock.wall,
          log,
        }),
      }),
      failed: ledgerAway,
    }),
  ]
  for (const duty of duties) {
    duty.start()
    stops.push(['a duty', () => duty.stop()])
  }

  // ── the screens ──
  const dashboard = createDashboard(
    {
      host: config.ZHIAN_HOST,
      port: config.ZHIAN_HTTP_PORT,
      tls: config.tls ?? undefined,
      trustedProxies: config.trustedProxies,
      webRoot: WEB_ROOT,
      setupCode,
      version: HUB_VERSION,
      metrics,
      log: sink,
      now: clock.wall,
    },
    {
      records: ledger,
      registry: registryOf(ledger, learners),
      acts: requests,
      commands: requests,
      feed: live,
      presence: live,
      push,
      readings: answeringReadings(
        store,
        seldom((error) => log.warn({ err: error }, 'the reading store does not answer')),
      ),
      // Where devices connect is the balancer's, which this process is told.
      mqtt: { ports: () => ({ port: config.ZHIAN_MQTT_PORT, tlsPort: config.tls ? config.ZHIAN_MQTTS_PORT : null }) },
      bridges: { read: async () => clusterBridges(await board.all()) ?? [] },
      counters: {
        read: () => Promise.resolve(clusterAccount(state, startedAt)),
        ofDevice: (deviceId) => countsOfDevice(redis, deviceId, clock.wall()),
      },
      desks: new Desks(board, ledger.settings, sink),
      health: {
        ready: () => Promise.resolve({ ok: state.ledger, parts: { ledger: state.ledger, redis: state.streams } }),
      },
      guardMemory: sharedGuardMemory(redis),
      peers,
      setAsides: ledger.setAsides,
    },
  )
  const { port: httpPort } = await dashboard.start()
  board.start()
  stops.push(['the node board', () => board.stop()])
  stops.push(['the dashboard', () => dashboard.stop()])
  log.info({ node, devices: places.size, httpPort }, 'ready')
  const failed = Promise.race([ledger.failed, unfit.promise])
  return { httpPort, mqttPort: null, mqttsPort: null, setupCode, failed, stop }
}
