// What the file of ZHIAN_BRIDGES may say, and the sentence for each mistake.
import * as z from 'zod'
import { KIND_NAMES } from '../../contract/kinds/kind.ts'
import { UP_CHANNELS } from '../../contract/topics.ts'
import { NATIVE_PATTERNS, patternProblem, TopicPattern } from './topic-patterns.ts'
import type { PatternProblem } from './topic-patterns.ts'

const SCHEMES = ['mqtt', 'mqtts', 'ws', 'wss'] as const
const SECURE: readonly string[] = ['mqtts', 'wss']
/** Of one shared subscription. */
export const MAX_CONNECTIONS = 16

const text = (max: number) => z.string('须为文字 must be a text').min(1, '不能为空 must not be empty').max(max)
const whole = (min: number, max: number) =>
  z
    .number(`须为 ${min} 至 ${max} 的整数 must be a whole number from ${min} to ${max}`)
    .int(`须为整数 must be a whole number`)
    .min(min, `不能小于 ${min} must be at least ${min}`)
    .max(max, `不能大于 ${max} must be at most ${max}`)
const known = <T extends readonly string[]>(words: T) =>
  z.enum(words, { error: `只能是 ${words.join('、')} must be one of ${words.join(', ')}` })

const nameSchema = z
  .string('须为文字 must be a text')
  .regex(/^[a-z0-9-]{1,32}$/, '只能用小写字母、数字和 -，最多 32 个 lower-case letters, digits and -, at most 32')

const urlSchema = z.string('须为文字 must be a text').superRefine((url, context) => {
  const problem = urlProblem(url)
  if (problem !== null) context.addIssue(problem)
})

function urlProblem(url: string): string | null {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (
    parsed === null ||
    parsed.hostname === '' ||
    !(SCHEMES as readonly string[]).includes(parsed.protocol.slice(0, -1))
  )
    return '须为 mqtt://、mqtts://、ws:// 或 wss:// 加主机名 must be mqtt://, mqtts://, ws:// or wss:// and a host'
  // It is logged and shown.
  if (parsed.username !== '' || parsed.password !== '')
    return '不能含用户名或密码，请用 username 和 passwordFile must hold no user or password: use username and passwordFile'
  return null
}

const PATTERN_SENTENCES: Record<PatternProblem, string> = {
  no_device: '须有一层写 {device} one level must be {device}',
  no_channel: `须有一层写 {channel}，或另给 channel（${UP_CHANNELS.join('、')}） needs a level {channel}, or a channel beside it`,
  two_channels: '已有 {channel}，不能再给 channel has {channel} already: give no channel beside it',
  twice: '{device}、{channel}、{gateway} 各只能出现一次 each of {device}, {channel}, {gateway} may stand once',
  not_a_level:
    '每层只能是文字、+ 或 {device}、{channel}、{gateway} each level is a text, + or one of {device}, {channel}, {gateway}',
}

const topicSchema = z
  .union(
    [
      text(512).transform((pattern) => ({ pattern, channel: undefined })),
      z.strictObject({ pattern: text(512), channel: known(UP_CHANNELS) }),
    ],
    {
      error: '须为主题，或 {"pattern", "channel"} must be a topic, or {"pattern", "channel"}',
    },
  )
  .transform(({ pattern, channel }, context) => {
    const problem = patternProblem(pattern, channel)
    if (problem === null) return new TopicPattern(pattern, channel)
    context.addIssue(PATTERN_SENTENCES[problem])
    return z.NEVER
  })

/** One id, or its beginning and `*`. */
const idPatternSchema = z
  .string('须为文字 must be a text')
  .regex(
    /^(?:[A-Za-z0-9_-]{1,64}|[A-Za-z0-9_-]{0,63}\*)$/,
    '须为设备编号，或开头加 * must be a device id, or its beginning and *',
  )

const devicesSchema = z
  .strictObject({
    ids: z.array(idPatternSchema).min(1, '不能为空 must not be empty').optional(),
    kinds: z.array(known(KIND_NAMES)).min(1, '不能为空 must not be empty').optional(),
    areas: z.array(text(200)).min(1, '不能为空 must not be empty').optional(),
  })
  .refine((given) => Object.keys(given).length > 0, {
    error:
      '须给出 ids、kinds 或 areas；全部设备写 {"ids": ["*"]} give ids, kinds or areas; {"ids": ["*"]} is every device',
  })

const tlsSchema = z
  .strictObject({
    caFile: text(1_024).optional(),
    certFile: text(1_024).optional(),
    keyFile: text(1_024).optional(),
    servername: text(253).optional(),
  })
  .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), {
    error: 'certFile 与 keyFile 须同时给出 give both certFile and keyFile, or neither',
  })

const bridgeSchema = z
  .strictObject({
    name: nameSchema,
    url: urlSchema,
    username: text(256).optional(),
    passwordFile: text(1_024).optional(),
    tls: tlsSchema.optional(),
    protocolVersion: z.literal([4, 5], '只能是 4 或 5 must be 4 or 5').default(4),
    clientId: z
      .string('须为文字 must be a text')
      .regex(/^[A-Za-z0-9_.-]{1,48}$/, '只能用字母、数字和 _ . -，最多 48 个 letters, digits and _ . -, at most 48')
      .optional(),
    topics: z
      .array(topicSchema)
      .min(1, '不能为空 must not be empty')
      .default(() => NATIVE_PATTERNS.map((pattern) => new TopicPattern(pattern, undefined))),
    qos: z.literal([0, 1], '只能是 0 或 1 must be 0 or 1').default(1),
    devices: devicesSchema,
    inFlight: whole(1, 1_000).default(200),
    keepaliveSeconds: whole(5, 300).default(10),
    shared: z
      .strictObject({
        connections: whole(2, MAX_CONNECTIONS),
        spreadBy: known(['topic', 'publisher']),
      })
      .optional(),
  })
  .superRefine((bridge, context) => {
    if (bridge.passwordFile !== undefined && bridge.username === undefined)
      context.addIssue({
        code: 'custom',
        path: ['username'],
        message: '有 passwordFile 时必填 needed with passwordFile',
      })
    if (bridge.tls !== undefined && !isSecure(bridge.url))
      context.addIssue({
        code: 'custom',
        path: ['tls'],
        message: '只用于 mqtts:// 和 wss:// is for mqtts:// and wss:// only',
      })
  })

export const bridgesFileSchema = z
  .strictObject(
    { bridges: z.array(bridgeSchema, '须为清单 must be a list') },
    '须为 {"bridges": […]} must be {"bridges": […]}',
  )
  .superRefine(({ bridges }, context) => {
    for (const key of ['name', 'clientId'] as const)
      for (const [index, bridge] of bridges.entries())
        if (bridge[key] !== undefined && bridges.findIndex((other) => other[key] === bridge[key]) !== index)
          context.addIssue({
            code: 'custom',
            path: ['bridges', index, key],
            message: '已有一条用了它 is taken by another bridge',
          })
  })

/** One bridge as the file lists it. */
export type Listed = z.infer<typeof bridgeSchema>

/** Whose data a bridge may bring: all that is given must hold. */
export type BridgedDevices = z.infer<typeof devicesSchema>

/** Where it is, and what is wrong there, in Chinese and English. */
export const sentenceOf = (issue: z.core.$ZodIssue): string => `${place(issue.path)}: ${wordsOf(issue)}`

const place = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (at, key) => (typeof key === 'number' ? `${at}[${key}]` : `${at}${at && '.'}${String(key)}`),
    '',
  ) || '{}'

function wordsOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `没有这一项 no such setting: ${issue.keys.join(', ')}`
  if (issue.code === 'too_big') return `太长 too long, at most ${issue.maximum}`
  if (issue.code === 'invalid_type' && issue.input === undefined) return '必填 is needed'
  return issue.message
}

const isSecure = (url: string): boolean => URL.canParse(url) && SECURE.includes(new URL(url).protocol.slice(0, -1))
