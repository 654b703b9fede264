// Strings, topic names and topic filters as MQTT 3.1.1 wants them (§1.5.3, §4.7).
import { isUtf8 } from 'node:buffer'

/** Most levels of a topic or filter: the matcher inside aedes throws beyond it. */
export const MAX_TOPIC_LEVELS = 100

/**
 * The string in `bytes[start, end)`; null when it is ill-formed UTF-8 (surrogates included) or holds U+0000 or another
 * control character, any of which §1.5.3 lets a server refuse.
 */
export function readText(bytes: Buffer, start: number, end: number): string | null {
  let ascii = true
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i] as number
    if (byte < 0x20 || byte === 0x7f) return null
    if (byte < 0x80) continue
    ascii = false
    // U+0080…U+009F are C2 80…C2 9F.
    if (byte === 0xc2 && i + 1 < end && (bytes[i + 1] as number) <= 0x9f) return null
  }
  if (ascii) return bytes.toString('latin1', start, end)
  return isUtf8(bytes.subarray(start, end)) ? bytes.toString('utf8', start, end) : null
}

/** A topic to publish to: not empty, no wildcard, not too deep. */
export function isTopicName(topic: string): boolean {
  if (topic.length === 0) return false
  let levels = 1
  for (let i = 0; i < topic.length; i += 1) {
    const code = topic.charCodeAt(i)
    if (code === 35 || code === 43) return false // # +
    if (code === 47) levels += 1 // /
  }
  return levels <= MAX_TOPIC_LEVELS
}

/** A filter to subscribe to: wildcards fill a whole level and `#` is the last one (§4.7.1). */
export function isTopicFilter(filter: string): boolean {
  if (filter.length === 0) return false
  const levels = filter.split('/')
  if (levels.length > MAX_TOPIC_LEVELS) return false
  return levels.every((level, i) => {
    if (level === '+') return true
    if (level === '#') return i === levels.length - 1
    return !level.includes('+') && !level.includes('#')
  })
}

/** Whether a filter takes a topic. A wildcard in the first level does not take `$` topics (§4.7.2). */
export function filterTakes(filter: string, topic: string): boolean {
  if (filter === topic) return true
  const wanted = filter.split('/')
  const levels = topic.split('/')
  if (topic.startsWith('$') && (wanted[0] === '+' || wanted[0] === '#')) return false
  for (let i = 0; i < wanted.length; i += 1) {
    if (wanted[i] === '#') return true
    if (i >= levels.length) return false
    if (wanted[i] !== '+' && wanted[i] !== levels[i]) return false
  }
  return wanted.length === levels.length
}
