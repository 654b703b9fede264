// Which topics of an external broker are a device's, and of which device: patterns such as
//
//   zhian/v1/{device}/{channel}                            the hub's own topics, which are the default
//   zhian/v1/{gateway}/children/{device}/{channel}
//   county/gas/{device}/up                                 another arrangement; the channel is then named beside it
//
// A pattern is the subscription too: each name in braces is one level, any level.
import { deviceIdSchema } from '../../contract/ids.ts'
import { TOPIC_ROOT, UP_CHANNELS } from '../../contract/topics.ts'
import type { UpChannel, UpTopic } from '../../contract/topics.ts'

export const NATIVE_PATTERNS: readonly string[] = [
  `${TOPIC_ROOT}/{device}/{channel}`,
  `${TOPIC_ROOT}/{gateway}/children/{device}/{channel}`,
]

const NAMES = ['{device}', '{channel}', '{gateway}'] as const

export type PatternProblem = 'no_device' | 'no_channel' | 'two_channels' | 'twice' | 'not_a_level'

/** What is wrong with a pattern; null: nothing. `channel`: the one that is named beside it. */
export function patternProblem(pattern: string, channel: UpChannel | undefined): PatternProblem | null {
  const levels = pattern.split('/')
  if (NAMES.some((name) => levels.indexOf(name) !== levels.lastIndexOf(name))) return 'twice'
  if (levels.some((level) => !isLevel(level))) return 'not_a_level'
  if (!levels.includes('{device}')) return 'no_device'
  if (levels.includes('{channel}')) return channel === undefined ? null : 'two_channels'
  return channel === undefined ? 'no_channel' : null
}

/** A name, `+`, or text; `$` begins what brokers keep for themselves. */
const isLevel = (level: string): boolean =>
  level === '+' || (NAMES as readonly string[]).includes(level) || (level !== '' && !/[+#{}\0$]/.test(level))

/** A pattern that `patternProblem` has nothing against. */
export class TopicPattern {
  /** What is subscribed to. */
  readonly filter: string
  readonly #levels: readonly string[]
  readonly #channel: UpChannel | undefined

  constructor(pattern: string, channel: UpChannel | undefined) {
    this.#levels = pattern.split('/')
    this.#channel = channel
    this.filter = this.#levels.map((level) => (level.startsWith('{') ? '+' : level)).join('/')
  }

  /** Whose data a topic carries; null: the pattern does not fit, or what stands in its places is no device or channel. */
  read(topic: string): UpTopic | null {
    const given = topic.split('/')
    if (given.length !== this.#levels.length) return null
    let [deviceId, gatewayId, channel] = ['', null as string | null, this.#channel as string | undefined]
    for (const [index, level] of this.#levels.entries()) {
      const text = given[index] as string
      if (level === '{device}') deviceId = text
      else if (level === '{gateway}') gatewayId = text
      else if (level === '{channel}') channel = text
      else if (level !== '+' && level !== text) return null
    }
    if (!isDeviceId(deviceId) || (gatewayId !== null && !isDeviceId(gatewayId))) return null
    return isUpChannel(channel) ? { deviceId, gatewayId, channel } : null
  }
}

const isDeviceId = (text: string): boolean => deviceIdSchema.safeParse(text).success

const isUpChannel = (text: string | undefined): text is UpChannel =>
  (UP_CHANNELS as readonly (string | undefined)[]).includes(text)
