// The past of a device as it would deliver it after a long silence: sound samples in arrays, store and forward.
import { MAX_BATCH, MAX_PAYLOAD_BYTES } from '../contract/topics.ts'
import type { DeviceModel } from './devices/model.ts'
import type { Outgoing } from './connection.ts'
import { messages } from './messages.ts'
import type { Message, Stamp } from './messages.ts'

/** Below the broker's limit, with room for brackets and commas. */
const MAX_BYTES = MAX_PAYLOAD_BYTES - 2_048

/** The readings and events of [from, to) as few array payloads, one reading every `every` ms at most. */
export function history(model: DeviceModel, from: number, to: number, every: number): Outgoing[] {
  let lastBucket = -Infinity
  const kept = messages(model, from, to).filter(({ at, channel }) => {
    if (channel !== 'readings') return true
    const bucket = Math.floor(at / every)
    if (bucket === lastBucket) return false
    lastBucket = bucket
    return true
  })
  return inBatches(kept)
}

/** All that a device says within [from, to) as few array payloads. */
export const backlog = (model: DeviceModel, from: number, to: number, stamp?: Stamp): Outgoing[] =>
  inBatches(messages(model, from, to, stamp))

const inBatches = (list: readonly Message[]): Outgoing[] =>
  (['readings', 'events'] as const).flatMap((channel) => batches(list.filter((m) => m.channel === channel)))

function batches(list: readonly Message[]): Outgoing[] {
  const sent: Outgoing[] = []
  let batch: Message[] = []
  let bytes = 0
  const close = (): void => {
    const first = batch[0]
    if (first) {
      const payload = `[${batch.map((message) => message.payload).join(',')}]`
      sent.push({ ...first, payload, samples: batch.flatMap(({ samples }) => samples) })
    }
    batch = []
    bytes = 0
  }
  for (const message of list) {
    // A misfit payload would spoil the array it is put into: it goes alone.
    if (typeof message.payload !== 'string' || message.samples.length === 0) {
      sent.push(message)
      continue
    }
    const size = Buffer.byteLength(message.payload) + 1
    if (batch.length === MAX_BATCH || bytes + size > MAX_BYTES) close()
    batch.push(message)
    bytes += size
  }
  close()
  return sent
}
