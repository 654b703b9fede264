// The hub's account of itself: for the counters page, and for Prometheus.
import { Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { Broker } from '../broker/broker.ts'
import type { DeviceAccount, HubAccount } from '../dashboard/server/ports.ts'
import type { Devices, Runtime } from '../ingest/devices.ts'
import { newestBackup } from '../records/backups.ts'
import { backupsIn } from './schedule.ts'
import type { Upkeep } from './upkeep.ts'
import type { Pipeline } from '../ingest/pipeline.ts'

export interface AccountParts {
  readonly pipeline: Pipeline
  readonly devices: Devices
  readonly broker: Broker | null
  readonly upkeep: Upkeep
  readonly directory: string
  /** Wall time, ms. */
  readonly startedAt: number
}

/** Devices in the list of those of which most was rejected. */
const REJECTING = 10

export async function accountOf(parts: AccountParts): Promise<HubAccount> {
  const { pipeline, devices, broker, upkeep, directory, startedAt } = parts
  const last = await newestBackup(backupsIn(directory))
  const { received, stored, rejected, pending, byReason } = pipeline.counters.snapshot()
  const tally = broker?.counters()
  return {
    received: received - pending,
    stored,
    rejected,
    byReason,
    refused: tally?.refused ?? {},
    startedAt,
    backlog: pipeline.backlog,
    commits: pipeline.commits.figures(),
    mqttConnections: tally?.connections ?? null,
    rejecting: rejectingMost(devices),
    disk: upkeep.disk.figures(),
    backup: { last, failure: upkeep.backupFailure },
    cluster: null,
  }
}

/** What is taken and not yet durable counts as not received: the equation holds at every instant. */
export function deviceAccountOf(runtime: Runtime | undefined): DeviceAccount | null {
  if (runtime === undefined) return null
  const { messages, received, pending, stored, rejected, byReason } = runtime.counters.snapshot()
  const happened = Object.entries(byReason).filter(([, count]) => count > 0)
  const since = Math.round(runtime.countedSince)
  return { since, messages, received: received - pending, stored, rejected, byReason: Object.fromEntries(happened) }
}

function rejectingMost(devices: Devices): HubAccount['rejecting'] {
  const rejecting = [...devices.all()].filter(({ counters }) => counters.rejected > 0)
  rejecting.sort((a, b) => b.counters.rejected - a.counters.rejected)
  return rejecting.slice(0, REJECTING).flatMap((runtime) => {
    const account = deviceAccountOf(runtime)
    if (account === null) return []
    const { received, rejected, byReason } = account
    const { deviceId } = runtime.profile
    return [{ deviceId, deviceName: runtime.placement.deviceName, received, rejected, byReason }]
  })
}

/** Registers what is read at each scrape; nothing here runs per message. */
export function measure(registry: Registry, pipeline: Pipeline, broker: Broker): void {
  const registers = [registry]
  const gauge = (name: string, help: string, read: () => number): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  gauge('zhian_points_received', 'Data points received since start', () => pipeline.counters.snapshot().received)
  gauge('zhian_points_stored', 'Data points durable since start', () => pipeline.counters.snapshot().stored)
  gauge('zhian_points_pending', 'Data points taken and not yet durable', () => pipeline.counters.snapshot().pending)
  gauge(
    'zhian_points_not_committed',
    'Data points refused because a commit failed',
    () => pipeline.counters.snapshot().notCommitted,
  )
  gauge('zhian_messages', 'Messages taken since start', () => pipeline.counters.snapshot().messages)
  gauge('zhian_mqtt_connections', 'Open MQTT connections', () => broker.counters().connections)
  gauge('zhian_mqtt_in_flight', 'MQTT messages taken and not yet acknowledged', () => broker.counters().inFlight)
  new Gauge({
    name: 'zhian_points_rejected',
    help: 'Data points rejected since start, by reason',
    labelNames: ['reason'],
    registers,
    collect() {
      for (const [reason, count] of Object.entries(pipeline.counters.snapshot().byReason)) this.set({ reason }, count)
    },
  })
  new Gauge({
    name: 'zhian_mqtt_refused',
    help: 'Connections, logins, publishes and subscriptions refused since start, by reason',
    labelNames: ['reason'],
    registers,
    collect() {
      for (const [reason, count] of Object.entries(broker.counters().refused)) this.set({ reason }, count)
    },
  })
}
