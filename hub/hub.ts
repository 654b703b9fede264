// The hub, wired from top to bottom: ledger, readings, pipeline, dashboard, broker. Stopped in reverse order.
import { join } from 'node:path'
import { collectDefaultMetrics, Registry as Metrics } from 'prom-client'
import type { Logger } from 'pino'
import { createBroker } from '../broker/broker.ts'
import { hashToken } from '../broker/tokens.ts'
import { createDashboard } from '../dashboard/server/dashboard.ts'
import { startBridges } from '../ingest/bridge/bridges.ts'
import type { Bridges } from '../ingest/bridge/bridges.ts'
import { Commands } from '../ingest/commands/commands.ts'
import { Devices } from '../ingest/devices.ts'
import { Pipeline } from '../ingest/pipeline.ts'
import { EVERYTHING } from '../records/scope.ts'
import { DEVICE_TOKEN_KEY } from '../records/device-token-key.ts'
import { createLedger } from '../records/sqlite-ledger.ts'
import { Ballast, withBallast } from './ballast.ts'
import { bridgesNoLongerListed } from './bridge-conditions.ts'
import { measureBridges } from './bridge-measures.ts'
import { registeredIn } from './bridged-devices.ts'
import { systemClock } from './clock.ts'
import { commandLine } from './command-line.ts'
import { Conditions } from './conditions.ts'
import { MemoryCredentials } from './credentials.ts'
import { firstAdministrator } from './first-administrator.ts'
import { Live } from './live.ts'
import { accountOf, deviceAccountOf, measure } from './measures.ts'
import { HUB_PLACEMENT, hubProfile } from './own-device.ts'
import { startParts } from './roles/parts.ts'
import { startAsking } from './prompts/asking.ts'
import { httpsSender } from './push/endpoint.ts'
import { Push } from './push/push.ts'
import { Vapid } from './push/vapid.ts'
import { createRegistry, placementOf, profileOf } from './registry.ts'
import { RejectionSamples } from './rejections.ts'
import { createOwnReadingStore, retentionOf } from './reading-store.ts'
import { CurrentRules, DEFAULT_RULES } from './rules.ts'
import { DISK_WATCHED, startSchedule } from './schedule.ts'
import { StartProblem } from './start-problem.ts'
import { Unheard } from './unheard.ts'
import { Upkeep } from './upkeep.ts'
import { HUB_VERSION } from './version.ts'
import type { Broker } from '../broker/broker.ts'
import type { FaultPoint } from '../ingest/ports.ts'
import type { MqttPorts } from '../contract/http/people.ts'
import type { Demo } from '../dashboard/server/demo-port.ts'
import type { Ledger } from '../records/ledger.ts'
import type { Config } from './config.ts'
import type { Stops } from './roles/parts.ts'
import type { Running } from './roles/start.ts'

export interface HubOptions {
  /** Inert except in tests that end the process at a named point. */
  readonly faultPoint?: (point: FaultPoint) => void
  /** Only where the demonstration starts the hub. */
  readonly demo?: Demo
}

const WEB_ROOT = join(import.meta.dirname, '..', 'dashboard', 'web', 'dist')
/** Setting: a desk has been armed once, so that none being armed is news. */
const DESK_ARMED_ONCE = 'desk_armed_once'

/** Starts everything or nothing; rejects with StartProblem when the operator can do something about it. */
export function startHub(config: Config, log: Logger, options: HubOptions = {}): Promise<Running> {
  return startParts(config, log, (stops, stop) => wire(config, log, options, stops, stop))
}

async function wire(
  config: Config,
  log: Logger,
  options: HubOptions,
  stops: Stops,
  stop: () => Promise<void>,
): Promise<Running> {
  const clock = systemClock()
  const startedAt = clock.wall()
  const directory = config.ZHIAN_DATA_DIR
  const metrics = new Metrics()
  collectDefaultMetrics({ register: metrics })

  // ── what is remembered ──
  const ledger = createLedger({
    directory,
    defaultRules: DEFAULT_RULES,
    hashDeviceToken: (token, key) => hashToken(key, token).toString('hex'),
    personalKeyFile: config.ZHIAN_PERSONAL_KEY_FILE,
    now: clock.wall,
    log: (line) => log.info(line),
  })
  const ballast = new Ballast(directory)
  const store = createOwnReadingStore(config, { events: ledger.deviceEvents, now: clock.wall, directory, metrics, log })
  const readings = withBallast(store, ballast)
  stops.push(['the ledger', () => ledger.stop()], ['the readings', () => readings.stop()])
  const { position, repaired } = await both(ledger.start(), readings.start())
  if (repaired !== undefined) log.warn(repaired)
  const setupCode = await firstAdministrator(ledger.users, config.ZHIAN_ADMIN_PASSWORD)

  // ── who is who ──
  const rules = new CurrentRules(ledger.rules)
  await rules.reload()
  const devices = new Devices((kind) => rules.of(kind))
  const credentials = new MemoryCredentials(await deviceTokenKey(ledger))
  const unheard = new Unheard(devices, await ledger.places.areas(EVERYTHING))
  for await (const identity of ledger.devices.identities()) {
    credentials.put(identity)
    unheard.learn(identity)
    devices.put(profileOf(identity), placementOf(identity), clock.now())
  }
  const self = devices.put(hubProfile(), HUB_PLACEMENT, clock.now())
  self.placeOf = unheard.placeOf

  // ── from a message to its transition ──
  let broker: Broker | null = null
  const samples = new RejectionSamples(ledger.rejections, log)
  stops.push(['rejection samples', () => samples.write()])
  const live = new Live(devices, samples, ledger.devices, log)
  const commands = new Commands({
    clock,
    devices,
    line: commandLine(() => broker),
    log: ledger.commands,
    changed: (command) => live.command(command),
    failed: (error) => log.warn({ err: error }, 'what became of a command was not written down; it is tried again'),
  })
  live.commandEffects = (inputs) => commands.stored(inputs)
  stops.push(['commands', () => commands.stop()])
  const pipeline = new Pipeline({
    clock,
    devices,
    readings,
    journal: ledger.journal,
    listener: live,
    replies: commands,
    ...(options.faultPoint === undefined ? {} : { faultPoint: options.faultPoint }),
  })
  await commands.start()
  await pipeline.start(position)
  stops.push(['the pipeline', () => pipeline.stop()])
  const conditions = new Conditions((ruleId, active, value, channel) =>
    pipeline.input(self, { type: 'hub', ruleId, channel, active, value }),
  )
  live.onStoring((storing) => {
    conditions.set('hub.store', !storing)
    if (!storing && ballast.giveUp()) live.diskFull(true)
  })

  // ── the screens ──
  let mqttPorts: MqttPorts | null = null
  let bridges: Bridges | null = null
  const registry = createRegistry({
    ledger,
    credentials,
    devices,
    pipeline,
    disconnect: (deviceId) => broker?.disconnect(deviceId),
    unheard,
    reloadRules: async () => {
      await rules.reload()
      devices.recompile()
    },
    now: clock.now,
  })
  const upkeep = new Upkeep()
  upkeep.disk.recall(await ledger.settings.get(DISK_WATCHED))
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
  live.onTransitions((committed) => push.heard(committed))
  stops.push([
    'questions to managers',
    startAsking({
      prompts: ledger.prompts,
      devices: ledger.devices,
      readings,
      managersFor: (alarm) => ledger.leases.recipientsOf(alarm),
      now: clock.wall,
      log,
    }),
  ])
  stops.push(['messages to telephones', () => push.stop().finally(toTelephones.close)])
  let deskArmedOnce = (await ledger.settings.get(DESK_ARMED_ONCE)) !== null
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
      log: { info: log.info.bind(log), warn: log.warn.bind(log), error: log.error.bind(log) },
      now: clock.wall,
    },
    {
      records: ledger,
      registry,
      acts: pipeline,
      commands,
      feed: live,
      presence: live,
      push,
      readings,
      mqtt: { ports: () => mqttPorts },
      bridges: { read: () => Promise.resolve(bridges?.status() ?? []) },
      demo: options.demo,
      counters: {
        read: () => accountOf({ pipeline, devices, broker, upkeep, directory, startedAt }),
        ofDevice: (deviceId) => Promise.resolve(deviceAccountOf(devices.get(deviceId))),
      },
      desks: {
        armed(desks) {
          if (desks > 0 && !deskArmedOnce) {
            deskArmedOnce = true
            ledger.settings.set(DESK_ARMED_ONCE, String(clock.wall())).catch((error: unknown) => {
              log.warn({ err: error }, 'that a desk was armed was not written down')
            })
          }
          conditions.set('hub.no_desk', deskArmedOnce && desks === 0)
        },
      },
      health: {
        ready: () =>
          Promise.resolve({
            ok: broker !== null && live.isStoring,
            parts: { mqtt: broker !== null, store: live.isStoring, readings: store.reached },
          }),
      },
    },
  )
  const { port: httpPort } = await dashboard.start()
  stops.push(['the dashboard', () => dashboard.stop()])
  stops.push([
    'the schedule',
    startSchedule({
      directory,
      ledger,
      readings,
      retention: retentionOf(config),
      decided: () => pipeline.decided,
      conditions,
      ballast,
      diskFull: (full) => live.diskFull(full),
      lookForUnheard: () => {
        for (const input of unheard.look(clock.wall(), self.state)) pipeline.input(self, input)
      },
      upkeep,
      wall: clock.wall,
      now: clock.now,
      log,
    }),
  ])

  // ── the door, last: nothing is let in before everything behind it stands ──
  const opened = createBroker({
    host: config.ZHIAN_MQTT_HOST,
    port: config.ZHIAN_MQTT_PORT,
    ...(config.tls === null ? {} : { tls: { ...config.tls, port: config.ZHIAN_MQTTS_PORT } }),
    intake: pipeline,
    credentials,
    observer: {
      presence: (deviceId, connected, at, politely) => pipeline.presence(deviceId, connected, at, politely),
      // The broker counts them by reason itself; /metrics and the counters read its account.
      refused: () => {},
    },
    onError: (error) => log.error({ err: error }, 'broker'),
    limits: { ratePerSecond: config.ZHIAN_DEVICE_RATE },
  })
  const { port: mqttPort, tlsPort: mqttsPort } = await opened.start()
  broker = opened
  mqttPorts = { port: mqttPort, tlsPort: mqttsPort }
  stops.push(['the broker', () => opened.stop()])
  measure(metrics, pipeline, opened)

  // ── brokers that the county already runs ──
  for (const name of bridgesNoLongerListed(config.bridges, self.state)) conditions.set('hub.bridge', false, null, name)
  measureBridges(metrics, () => bridges?.status() ?? [])
  bridges = startBridges({
    configs: config.bridges,
    intake: pipeline,
    registered: registeredIn(devices),
    clock,
    log,
    changed: (name, cut) => conditions.set('hub.bridge', cut, null, name),
  })
  stops.push(['the bridges', () => bridges?.stop()])
  log.info({ devices: devices.size, httpPort, mqttPort }, 'ready')

  return { httpPort, mqttPort, mqttsPort, setupCode, failed: ledger.failed, stop }
}

async function deviceTokenKey(ledger: Ledger): Promise<Buffer> {
  const key = await ledger.settings.get(DEVICE_TOKEN_KEY)
  if (key === null)
    throw new StartProblem('台账缺少设备密钥，已停止启动。The ledger has no device token key; not started.')
  return Buffer.from(key, 'base64')
}

/** Waits for both even if one fails: what is half open can be closed only then. Answers the second. */
async function both<T>(first: Promise<unknown>, second: Promise<T>): Promise<T> {
  const [failed] = await Promise.allSettled([first, second])
  if (failed.status === 'rejected') throw failed.reason
  return second
}
