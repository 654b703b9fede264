// Simulated devices straight through the pure engine with the default rules: no sockets, no store, no clock but theirs.
// Does to one device what `ingest/staging.ts` and the ticker do to all.
import { defaultRulesFor } from '../../contract/kinds/table.ts'
import type { KindName } from '../../contract/kinds/kind.ts'
import type { VersionedRule } from '../../contract/rules.ts'
import { compileRules } from '../../ingest/alarms/compile.ts'
import { corroborate } from '../../ingest/alarms/corroboration.ts'
import type { Witness } from '../../ingest/alarms/corroboration.ts'
import { decide, nextDeadline } from '../../ingest/alarms/engine.ts'
import { initialState, openAlarms } from '../../ingest/alarms/state.ts'
import type { AlarmCore, CompiledRules, DeviceState, EngineTransition, Input } from '../../ingest/alarms/types.ts'
import type { Act } from '../../contract/alarms.ts'
import { decodeNative } from '../../ingest/codecs/native.ts'
import type { DeviceModel, Report } from '../../simulators/devices/model.ts'
import { faultsOf } from '../../simulators/faults.ts'
import { messages } from '../../simulators/messages.ts'
import type { Outgoing } from '../../simulators/connection.ts'

export interface Told {
  /** Hub time, ms. */
  readonly at: number
  readonly deviceId: string
  readonly transition: EngineTransition
}

const rulesByKind = new Map<KindName, VersionedRule[]>()
function rulesOf(kind: KindName): VersionedRule[] {
  let rules = rulesByKind.get(kind)
  if (!rules) {
    rules = defaultRulesFor(kind).map((rule) => Object.assign({}, rule, { kind, version: 1 }))
    rulesByKind.set(kind, rules)
  }
  return rules
}

interface Stimulus {
  readonly at: number
  readonly take: () => void
}

/** One device as the hub knows it. */
export class EngineDevice {
  readonly told: Told[] = []
  /** Inputs decided so far. */
  decided = 0
  private readonly model: DeviceModel
  private readonly rules: CompiledRules
  private state: DeviceState
  private position = 0
  private lastReceiptTs = 0

  constructor(model: DeviceModel, now: number) {
    this.model = model
    const { id, kind, attributes } = model
    const profile = {
      uid: id,
      deviceId: id,
      kind,
      attributes,
      lifecycle: 'registered',
      gatewayId: null,
      inServiceSince: null,
    } as const
    this.rules = compileRules(profile, rulesOf(kind))
    this.state = initialState(profile, now)
  }

  get open(): AlarmCore[] {
    return openAlarms(this.state)
  }

  /** Lives through [from, to): what it says, its connection, the hub's timers. */
  live(from: number, to: number): void {
    const { model } = this
    const faults = faultsOf(model)
    const said: Stimulus[] =
      faults.length === 0
        ? model.reports(from, to).map((report) => ({ at: report.at, take: () => this.report(report) }))
        : messages(model, from, to).map((message) => ({
            at: message.at,
            take: () => this.message(message, message.at),
          }))
    const links = faults.flatMap(({ disconnected }): Stimulus[] =>
      disconnected === undefined
        ? []
        : [
            { at: disconnected.from + 1, take: () => this.connection(false, disconnected.from + 1) },
            { at: disconnected.until, take: () => this.connection(true, disconnected.until) },
          ],
    )
    const all = [...links.filter(({ at }) => at >= from && at < to), ...said].sort((a, b) => a.at - b.at)
    for (const { at, take } of all) {
      this.pass(at)
      take()
    }
    this.pass(to)
  }

  /** A PUBLISH of the device, received at `now`. */
  message(message: Pick<Outgoing, 'channel' | 'payload'>, now: number): void {
    const { id, kind } = this.model
    const decoded = decodeNative({
      deviceId: id,
      kind,
      channel: message.channel,
      payload: typeof message.payload === 'string' ? Buffer.from(message.payload) : message.payload,
      receivedAt: now,
      will: false,
      position: this.position + 1,
      lastReceiptTs: this.lastReceiptTs,
    })
    this.position += decoded.readings.length + decoded.events.length
    if (decoded.clockAheadMs > 0) this.decide({ type: 'clock_ahead', by: decoded.clockAheadMs }, now)
    for (const reading of decoded.readings) {
      if (reading.quality !== 'device') this.lastReceiptTs = Math.max(this.lastReceiptTs, reading.ts)
      this.decide(reading, now)
    }
    for (const event of decoded.events) {
      const { name, data } = event
      if (event.type === 'event') this.decide({ ...event, type: 'event', name, data }, now)
    }
    if (decoded.rejected.length > 0) this.decide({ type: 'rejected', count: 1 }, now)
  }

  get witness(): Witness {
    return { rules: this.rules, state: this.state }
  }

  /** What the devices of its site make of its alarms, told at the moment it came about. */
  compare(site: readonly EngineDevice[]): void {
    const witnesses = site.map(({ witness }) => witness)
    for (const input of corroborate(this.witness, witnesses)) this.decide(input, input.at)
  }

  act(act: Act, now: number): string | null {
    this.pass(now)
    return this.decide({ type: 'act', act }, now)
  }

  /** A sound report needs no JSON to be understood. */
  private report(report: Report): void {
    const { at } = report
    const stored = { position: ++this.position, ts: at, receivedAt: at, quality: 'device' } as const
    if (report.channel === 'readings') this.decide({ ...stored, type: 'reading', values: report.values }, at)
    else this.decide({ ...stored, type: 'event', name: report.event, data: report.data ?? {} }, at)
  }

  private connection(connected: boolean, at: number): void {
    this.decide({ type: 'connection', connected }, at)
    const stored = { position: ++this.position, ts: at, receivedAt: at, quality: 'received' } as const
    this.decide({ ...stored, type: 'status', online: connected, will: !connected }, at)
  }

  /** Timers that come due until then. */
  private pass(until: number): void {
    for (;;) {
      const due = nextDeadline(this.rules, this.state)
      if (due === null || due > until) return
      this.decide({ type: 'tick' }, due)
    }
  }

  private decide(input: Input, now: number): string | null {
    const { state, transitions, refusal } = decide(this.rules, this.state, input, now)
    this.state = state
    this.decided++
    for (const transition of transitions) this.told.push({ at: now, deviceId: this.model.id, transition })
    return refusal
  }
}
