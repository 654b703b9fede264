// MQTT packets as byte templates: a PUBLISH is encoded once and afterwards only its packet id, time and digits change.
import { generate } from 'mqtt-packet'

/** Thirteen characters: replaced by the sample's time, ms. */
export const TS_SLOT = '@@@@@@@@@@@@@'
/** One character: replaced by a random digit. Never put it first in a number: JSON knows no leading zeros. */
export const DIGIT_SLOT = '#'

/** An electricity set's reading of eight values, all within normal limits whatever the digits are. */
export const READING_TEMPLATE =
  `{"ts":${TS_SLOT},"values":{"residual_current":1#.#,"temperature_a":3#.#,"voltage_a":22#.#,"current_a":1#.##,` +
  '"power":2###,"power_factor":0.9##,"frequency":50.0#,"energy":10####.##}}'

export function connectPacket(clientId: string, username: string, password: string): Buffer {
  return generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId,
    keepalive: 0,
    username,
    password: Buffer.from(password),
  })
}

/** A QoS 1 PUBLISH with the places that change from message to message, all counted from its first byte. */
export interface PublishTemplate {
  readonly bytes: Buffer
  readonly packetIdAt: number
  /** -1 when the template carries no time. */
  readonly tsAt: number
  readonly digitsAt: Int32Array
}

export function publishTemplate(topic: string, payload: string): PublishTemplate {
  const body = Buffer.from(payload)
  const bytes = generate({ cmd: 'publish', qos: 1, dup: false, retain: false, topic, payload: body, messageId: 1 })
  const bodyAt = bytes.length - body.length
  const ts = body.indexOf(TS_SLOT)
  const digits: number[] = []
  for (let i = 0; i < body.length; i++) if (body[i] === DIGIT_SLOT.charCodeAt(0)) digits.push(bodyAt + i)
  return {
    bytes,
    packetIdAt: bodyAt - 2,
    tsAt: ts < 0 ? -1 : bodyAt + ts,
    digitsAt: Int32Array.from(digits),
  }
}

/** Writes a time of thirteen digits (ms, years 2001 to 2286) in place. */
export function writeTs(target: Buffer, at: number, ts: number): void {
  // Split so that the divisions stay within 32 bits, where they are several times faster.
  let high = Math.floor(ts / 1_000_000)
  let low = ts - high * 1_000_000
  for (let i = at + 12; i > at + 6; i--) {
    const rest = (low / 10) | 0
    target[i] = 48 + low - rest * 10
    low = rest
  }
  for (let i = at + 6; i >= at; i--) {
    const rest = (high / 10) | 0
    target[i] = 48 + high - rest * 10
    high = rest
  }
}
