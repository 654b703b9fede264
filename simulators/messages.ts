// From what a device would say to what arrives on the wire: sensor faults, its clock, JSON, then faults of the link.
import { upTopic } from '../contract/topics.ts'
import type { UpChannel } from '../contract/topics.ts'
import type { DeviceModel, Report } from './devices/model.ts'
import { faultsOf } from './faults.ts'

/** One PUBLISH. */
export interface Message {
  /** When it leaves the device, in world time, ms. */
  readonly at: number
  readonly deviceId: string
  readonly channel: UpChannel
  readonly topic: string
  readonly payload: string | Uint8Array
  readonly qos: 0 | 1
  /** `ts` of each sample that a correct hub keeps at least a part of. */
  readonly samples: readonly number[]
}

/** World time → the time a sound clock of the device shows. The same, unless the world runs at another speed. */
export type Stamp = (t: number) => number

const asItIs: Stamp = (t) => t

/** All that a device sends within [from, to), faults included, in order. Pure, as its model. */
export function messages(model: DeviceModel, from: number, to: number, stamp: Stamp = asItIs): Message[] {
  const faults = faultsOf(model)
  // What a fault held back may have been said long before it is sent.
  const earliest = from - Math.max(0, ...faults.map(({ holds = 0 }) => holds))
  const sent = model.reports(earliest, to).flatMap((report) => {
    const felt = faults.reduce((now, fault) => (fault.sample ? fault.sample(now) : now), report)
    const ts = faults.reduce((now, fault) => (fault.clock ? fault.clock(now, report.at) : now), stamp(report.at))
    return faults.reduce((now, fault) => (fault.wire ? now.flatMap(fault.wire) : now), [encode(model.id, felt, ts)])
  })
  return sent.filter(({ at }) => at >= from && at < to).toSorted((a, b) => a.at - b.at)
}

function encode(deviceId: string, report: Report, stamped: number): Message {
  const ts = Math.round(stamped)
  const body =
    report.channel === 'readings'
      ? { ts, values: report.values }
      : { ts, event: report.event, ...(report.data ? { data: report.data } : {}) }
  return {
    at: report.at,
    deviceId,
    channel: report.channel,
    topic: upTopic(deviceId, report.channel),
    payload: JSON.stringify(body),
    qos: 1,
    samples: [ts],
  }
}
