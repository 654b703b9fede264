// A recorded session: JSON lines. The first says when it began and which devices took part; every other is one PUBLISH with
// its offset. What is not UTF-8 stands in base64: nothing is made better than it was.
import { deviceIdSchema } from '../contract/ids.ts'
import { parseUpTopic } from '../contract/topics.ts'
import type { UpChannel } from '../contract/topics.ts'
import type { Outgoing } from './connection.ts'
import type { DeviceModel } from './devices/model.ts'
import { isSimulated } from './town.ts'
import type { TownDevice } from './town.ts'

export interface SessionDevice extends TownDevice {
  readonly attributes: DeviceModel['attributes']
}

export interface SessionHeader {
  /** Wall time, ms. */
  readonly began: number
  readonly devices: readonly SessionDevice[]
}

export interface Recorded {
  /** Since the session began, ms. */
  readonly at: number
  readonly deviceId: string
  readonly channel: UpChannel
  readonly topic: string
  readonly qos: 0 | 1
  readonly payload: string | Uint8Array
}

const FORMAT = 'zhian-session-1'

export const headerLine = ({ began, devices }: SessionHeader): string =>
  JSON.stringify({ format: FORMAT, began, devices })

export function messageLine(at: number, { topic, payload, qos }: Outgoing): string {
  const text = typeof payload === 'string' ? payload : null
  const body = text === null ? { base64: Buffer.from(payload).toString('base64') } : { payload: text }
  return JSON.stringify({ at, topic, qos, ...body })
}

/** Throws a sentence. */
export function parseHeader(line: string): SessionHeader {
  const { format, began, devices } = objectOf(line)
  if (format !== FORMAT || typeof began !== 'number' || !Array.isArray(devices)) {
    throw new Error('第 1 行不是录制文件的开头 line 1 does not begin a recorded session')
  }
  return { began, devices: devices.map(deviceOf) }
}

/** Throws a sentence that names the line. */
export function parseMessage(line: string, number: number): Recorded {
  const { at, topic, qos, payload, base64 } = objectOf(line)
  const parts = typeof topic === 'string' ? parseUpTopic(topic) : null
  const body = typeof payload === 'string' ? payload : typeof base64 === 'string' ? Buffer.from(base64, 'base64') : null
  if (
    typeof at !== 'number' ||
    parts === null ||
    parts.gatewayId !== null ||
    body === null ||
    (qos !== 0 && qos !== 1)
  ) {
    throw new Error(`第 ${number} 行不是一条消息 line ${number} is no message`)
  }
  return { at, deviceId: parts.deviceId, channel: parts.channel, topic: topic as string, qos, payload: body }
}

function objectOf(line: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(line)
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function deviceOf(claimed: unknown): SessionDevice {
  const { id, kind, name, site, attributes } = (claimed ?? {}) as Record<string, unknown>
  if (
    !deviceIdSchema.safeParse(id).success ||
    typeof kind !== 'string' ||
    !isSimulated(kind) ||
    typeof name !== 'string' ||
    (site !== null && typeof site !== 'string') ||
    typeof attributes !== 'object' ||
    attributes === null
  ) {
    throw new Error(`第 1 行的设备有误 line 1: "${String(id)}" is no device`)
  }
  return { id: id as string, kind, name, site, attributes: attributes as SessionDevice['attributes'] }
}

/** Between a session and its replay. */
export interface Retelling {
  /** Wall time of the session's beginning and of the replay's, ms. */
  readonly began: number
  readonly beginsNow: number
  /** Session seconds a second. */
  readonly speed: number
}

/** A sample this much ahead of its own sending was told by a clock that was off, ms. */
const AHEAD_MS = 1_000

/**
 * When a sample of the session was taken in its replay. Times within the session shrink with it; a time before its beginning,
 * and one ahead of its own sending, keeps its distance: late stays late, a wrong clock stays as wrong.
 */
export function retold(ts: number, at: number, { began, beginsNow, speed }: Retelling): number {
  const sent = began + at
  if (ts > sent + AHEAD_MS) return Math.round(beginsNow + at / speed + (ts - sent))
  if (ts >= began) return Math.round(beginsNow + (ts - began) / speed)
  return beginsNow - (began - ts)
}

/** The payload with its times retold, and byte for byte the same otherwise, also where it is no JSON. */
export function retell(payload: Recorded['payload'], at: number, retelling: Retelling): Recorded['payload'] {
  if (typeof payload !== 'string') return payload
  return payload.replace(/("ts"\s*:\s*)(-?\d+(?:\.\d+)?)(?![\d.eE])/g, (_, key: string, ts: string) => {
    return key + String(retold(Number(ts), at, retelling))
  })
}
