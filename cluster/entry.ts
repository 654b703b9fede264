// One entry of a partition's stream, as bytes in Redis: a header of words that hold no separator, and a payload.
import type { Act } from '../contract/alarms.ts'
import type { CommandArgs } from '../contract/http/commands.ts'
import type { UpChannel } from '../contract/topics.ts'
import type { Actor } from '../records/ledger.ts'

/** A PUBLISH that passed the broker. */
export interface MessageEntry {
  readonly type: 'message'
  readonly deviceId: string
  readonly channel: UpChannel
  readonly qos: 0 | 1 | 2
  /** Wall time of the broker, ms; strictly rising for the messages that one broker takes of one device. */
  readonly receivedAt: number
  readonly will: boolean
  readonly payload: Uint8Array
}

/** A device's own connection opened or broke at a broker. */
export interface PresenceEntry {
  readonly type: 'presence'
  readonly deviceId: string
  readonly connected: boolean
  readonly politely: boolean
  readonly at: number
  /** The broker process. */
  readonly node: string
}

/** What somebody waits for, and until when: whoever reads it later must refuse it. Wall time, ms. */
interface Request {
  readonly requestId: string
  readonly expires: number
  readonly deviceId: string
}

export interface ActEntry extends Request {
  readonly type: 'act'
  readonly act: Act
  /** From where the person acted (G8). */
  readonly address: string
}

export interface CommandEntry extends Request {
  readonly type: 'command'
  readonly actor: Actor
  readonly name: string
  readonly args: CommandArgs
  readonly reason: string
}

/** Something that a person did to the device and that its alarms must hear of; the ledger knows it already. */
export interface InputEntry {
  readonly type: 'input'
  readonly deviceId: string
  readonly input:
    | { readonly type: 'lifecycle'; readonly to: 'in_service' | 'retired'; readonly by: { id: string; name: string } }
    | { readonly type: 'replaced'; readonly by: { id: string; name: string } }
}

export type StreamEntry = MessageEntry | PresenceEntry | ActEntry | CommandEntry | InputEntry

/** An entry with its place in the stream of its partition. */
export interface Placed {
  readonly position: number
  readonly entry: StreamEntry
}

/** An entry that cannot be read: set aside, never skipped in silence (G10). */
export class UnreadableEntry extends Error {
  override readonly name = 'UnreadableEntry'
}

const HEADER = 'h'
const PAYLOAD = 'p'

/** Field names and values as XADD takes them. */
export function encodeEntry(entry: StreamEntry): (string | Buffer)[] {
  if (entry.type !== 'message') return [HEADER, entry.type, PAYLOAD, JSON.stringify(entry)]
  const { deviceId, channel, qos, receivedAt, will, payload } = entry
  const header = `message ${deviceId} ${channel} ${qos} ${receivedAt} ${will ? 1 : 0}`
  // Not copied: the caller keeps the payload as it is until the reply.
  return [HEADER, header, PAYLOAD, Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)]
}

/** Throws UnreadableEntry. `fields` as XREAD and XRANGE answer them in their Buffer forms. */
export function decodeEntry(fields: readonly Buffer[]): StreamEntry {
  const [headerName, header, payloadName, payload] = fields
  if (headerName?.toString() !== HEADER || payloadName?.toString() !== PAYLOAD || !header || !payload)
    throw new UnreadableEntry('fields')
  const words = header.toString().split(' ')
  if (words[0] !== 'message') return decodeJson(words[0] ?? '', payload)
  const [, deviceId, channel, qos, receivedAt, will] = words
  if (!deviceId || !isUpChannel(channel) || !receivedAt || !Number.isSafeInteger(Number(receivedAt)))
    throw new UnreadableEntry('header')
  return {
    type: 'message',
    deviceId,
    channel,
    qos: qos === '2' ? 2 : qos === '0' ? 0 : 1,
    receivedAt: Number(receivedAt),
    will: will === '1',
    payload,
  }
}

const isUpChannel = (word: string | undefined): word is UpChannel =>
  word === 'readings' || word === 'events' || word === 'status' || word === 'replies'

function decodeJson(type: string, payload: Buffer): StreamEntry {
  let body: unknown
  try {
    body = JSON.parse(payload.toString())
  } catch {
    throw new UnreadableEntry('json')
  }
  if (typeof body !== 'object' || body === null || !('type' in body) || body.type !== type || !('deviceId' in body))
    throw new UnreadableEntry('body')
  // Written by `encodeEntry` of another process of this cluster; what a device says is in messages only.
  if (['presence', 'act', 'command', 'input'].includes(type)) return body as StreamEntry
  throw new UnreadableEntry('type')
}
