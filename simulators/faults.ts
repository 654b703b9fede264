// What can be wrong with a sound report: the sensor, the device's clock, the way to the hub. Each fault is a small
// transformation; several on one device apply one after the other.
import { metricOf } from '../contract/kinds/table.ts'
import type { KindName } from '../contract/kinds/kind.ts'
import type { DeviceModel, Report, Values } from './devices/model.ts'
import { acts, errorCodeOf } from './incidents.ts'
import type { Incident, IncidentName } from './incidents.ts'
import { misfitPayload } from './malformed.ts'
import type { Message } from './messages.ts'
import { seedOf, uniform } from './random.ts'

export interface Fault {
  /** Longest time it holds a message back, ms. */
  readonly holds?: number
  /** What the sensor says instead. */
  readonly sample?: (report: Report) => Report
  /** What the device's clock shows instead of `ts`; `at` is world time. */
  readonly clock?: (ts: number, at: number) => number
  /** What arrives instead: nothing, another message, several. */
  readonly wire?: (message: Message) => readonly Message[]
  /** The connection breaks without a DISCONNECT at `from`, and may come back at `until`. World time, ms. */
  readonly disconnected?: { readonly from: number; readonly until: number }
}

type Make = (incident: Incident, model: DeviceModel) => Fault

/** The probe that fails when none is named. */
const PROBES: Partial<Record<KindName, string>> = {
  electricity: 'temperature_a',
  gas: 'gas_lel',
  smoke: 'temperature',
  access: 'door_open',
}

/** How fast a device sends what it kept while the link was down, compared with how it measured it. */
const CATCH_UP = 10
const COPY_AFTER = 200

const withValues = (report: Report, change: (values: Values) => Values): Report =>
  report.channel === 'readings' ? { ...report, values: change(report.values) } : report

const silence =
  (incident: Incident) =>
  (message: Message): readonly Message[] =>
    acts(incident, message.at) ? [] : [message]

/** What is measured while the link is down is kept, and follows faster than it was measured. */
const keptBack = (incident: Incident, isHeld: (message: Message) => boolean): Fault => ({
  holds: (incident.until - incident.from) * (1 + 1 / CATCH_UP),
  wire: (message) =>
    isHeld(message)
      ? [{ ...message, at: incident.until + Math.floor((message.at - incident.from) / CATCH_UP) }]
      : [message],
  disconnected: incident,
})

const FAULTS = {
  stuck: (incident, model) => {
    const frozen = model.values(incident.from)
    const { metric } = incident
    return {
      sample: (report) => {
        if (!acts(incident, report.at)) return report
        if (metric === null) return withValues(report, () => frozen)
        const value = frozen[metric]
        return value === undefined ? report : withValues(report, (values) => ({ ...values, [metric]: value }))
      },
    }
  },
  error_code: (incident, { kind }) => {
    const metric = incident.metric ?? PROBES[kind] ?? null
    const code = metric === null ? null : errorCodeOf(kind, metric)
    if (metric === null || code === null || metricOf(kind, metric) === undefined) {
      throw new Error(`${kind} has no probe "${metric}" that could send an error code`)
    }
    return {
      sample: (report) =>
        acts(incident, report.at) ? withValues(report, (values) => ({ ...values, [metric]: code })) : report,
    }
  },
  clock: (incident) => ({ clock: (ts, at) => (acts(incident, at) ? ts + incident.value * 1000 : ts) }),
  power_cut: (incident) => ({
    // Its last word, `mains_lost`, still gets out.
    wire: (message) => (message.at > incident.from && message.at < incident.until ? [] : [message]),
    disconnected: incident,
  }),
  dies: (incident) => ({ wire: silence(incident), disconnected: incident }),
  hangs: (incident) => ({ wire: silence(incident) }),
  link_down: (incident) => keptBack(incident, (message) => acts(incident, message.at)),
  // Its last word, `mains_lost`, still gets out.
  feeder_cut: (incident) => keptBack(incident, (message) => message.at > incident.from && message.at < incident.until),
  duplicate: (incident) => ({
    holds: incident.value * COPY_AFTER,
    wire: (message) =>
      acts(incident, message.at)
        ? Array.from({ length: 1 + incident.value }, (_, n) => ({ ...message, at: message.at + n * COPY_AFTER }))
        : [message],
  }),
  out_of_order: (incident, model) => {
    const seed = seedOf(model.seed, 'out_of_order')
    return {
      holds: incident.value * 1000,
      wire: (message) =>
        acts(incident, message.at)
          ? [{ ...message, at: message.at + Math.floor(uniform(seed, message.at) * incident.value * 1000) }]
          : [message],
    }
  },
  malformed: (incident, model) => {
    const seed = seedOf(model.seed, 'malformed')
    return {
      wire: (message) => (acts(incident, message.at) ? [misfitPayload(message, uniform(seed, message.at))] : [message]),
    }
  },
  drops: (incident, model) => {
    const seed = seedOf(model.seed, 'drops')
    return {
      wire: (message) =>
        acts(incident, message.at) && uniform(seed, message.at) * 100 < incident.value ? [] : [message],
    }
  },
} as const satisfies Partial<Record<IncidentName, Make>>

const known: Partial<Record<IncidentName, Make>> = FAULTS

/** The faults among a device's incidents, in the order they were given. */
export function faultsOf(model: DeviceModel): Fault[] {
  return model.incidents.flatMap((incident) => {
    const make = known[incident.name]
    return make ? [make(incident, model)] : []
  })
}
