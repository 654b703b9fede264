// The bridges that an administrator lists in the JSON file of ZHIAN_BRIDGES: read and checked at the start, all mistakes at
// once. It holds no secret: a password and a private key stand in files of their own.
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import * as z from 'zod'
import { KIND_NAMES } from '../../contract/kinds/kind.ts'
import { UP_CHANNELS } from '../../contract/topics.ts'
import { NATIVE_PATTERNS, patternProblem, TopicPattern } from './topic-patterns.ts'
import type { PatternProblem } from './topic-patterns.ts'

const SCHEMES = ['mqtt', 'mqtts', 'ws', 'wss'] as const
const SECURE: readonly string[] = ['mqtts', 'wss']
/** What a sample may be old at most (`MAX_PAST_MS`): nothing that is kept for longer would be believed. */
const SESSION_EXPIRY_DAYS = 7

const MAX_CONNECTIONS = 16

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

const fileSchema = z
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

type Listed = z.infer<typeof bridgeSchema>

/** What a connection to the external broker needs to be let in. */
export interface BridgeLogin {
  readonly username: string | undefined
  readonly password: Buffer | undefined
  readonly ca: Buffer | undefined
  readonly cert: Buffer | undefined
  readonly key: Buffer | undefined
  readonly servername: string | undefined
}

/** Whose data a bridge may bring: all that is given must hold. */
export type BridgedDevices = z.infer<typeof devicesSchema>

export interface Share {
  readonly group: string
  /** Those of other numbers of connections: a session that was in one of them must leave it. */
  readonly former: readonly string[]
}

export interface BridgeConfig extends Pick<
  Listed,
  'name' | 'url' | 'protocolVersion' | 'topics' | 'qos' | 'inFlight' | 'keepaliveSeconds' | 'devices'
> {
  /** One a connection. They never change: the external broker keeps for them what comes while the hub is away. */
  readonly clientIds: readonly string[]
  /** Groups of a shared subscription; null: a subscription of its own. */
  readonly share: Share | null
  /** How long the external broker is asked to keep what comes while the hub is away, s (MQTT 5). */
  readonly sessionExpirySeconds: number
  readonly login: BridgeLogin
}

/** What is wrong with the file: a line each, in Chinese and English. */
export class BridgesUnusable extends Error {
  override readonly name = 'BridgesUnusable'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** The bridges that a file lists; throws `BridgesUnusable` with everything that is wrong with it. */
export function readBridges(file: string): readonly BridgeConfig[] {
  const parsed = fileSchema.safeParse(parse(file))
  if (!parsed.success)
    throw new BridgesUnusable(parsed.error.issues.map((issue) => `${place(issue.path)}: ${sentence(issue)}`))
  const problems: string[] = []
  const configs = parsed.data.bridges.map((bridge, index) => configOf(bridge, `bridges[${index}]`, problems))
  if (problems.length > 0) throw new BridgesUnusable(problems)
  return configs
}

function parse(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const why = error instanceof SyntaxError ? '不是 JSON is not JSON' : '读不了 cannot be read'
    throw new BridgesUnusable([`${file}: ${why}: ${(error as Error).message}`])
  }
}

const place = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (at, key) => (typeof key === 'number' ? `${at}[${key}]` : `${at}${at && '.'}${String(key)}`),
    '',
  ) || '{}'

function sentence(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `没有这一项 no such setting: ${issue.keys.join(', ')}`
  if (issue.code === 'too_big') return `太长 too long, at most ${issue.maximum}`
  if (issue.code === 'invalid_type' && issue.input === undefined) return '必填 is needed'
  return issue.message
}

function configOf(bridge: Listed, at: string, problems: string[]): BridgeConfig {
  const { name, url, protocolVersion, topics, qos, inFlight, keepaliveSeconds, devices, shared } = bridge
  const clientId = bridge.clientId ?? `zhian-${name}`
  const connections = shared?.connections ?? 1
  return {
    name,
    url,
    protocolVersion,
    topics,
    qos,
    inFlight,
    keepaliveSeconds,
    devices,
    clientIds: Array.from({ length: connections }, (_, index) =>
      connections === 1 ? clientId : `${clientId}-${index + 1}`,
    ),
    share: shared === undefined ? null : shareOf(clientId, shared.connections),
    sessionExpirySeconds: SESSION_EXPIRY_DAYS * 86_400,
    login: loginOf(bridge, at, problems),
  }
}

/**
 * Sessions that nobody reads any more stay in their group at the other side and swallow their share of what comes. Hence
 * every number of connections is a group of its own.
 */
function shareOf(clientId: string, connections: number): Share {
  const groupOf = (count: number): string => `${clientId}-of-${count}`
  const others = Array.from({ length: MAX_CONNECTIONS - 1 }, (_, index) => index + 2).filter((n) => n !== connections)
  return { group: groupOf(connections), former: others.map(groupOf) }
}

function loginOf({ username, passwordFile, tls }: Listed, at: string, problems: string[]): BridgeLogin {
  const read = (file: string | undefined, key: string): Buffer | undefined => {
    if (file === undefined) return undefined
    try {
      return readFileSync(file)
    } catch (error) {
      problems.push(`${at}.${key}: 读不了 cannot be read: ${(error as Error).message}`)
      return undefined
    }
  }
  const password = read(passwordFile, 'passwordFile')
  const [ca, cert, key] = [
    read(tls?.caFile, 'tls.caFile'),
    read(tls?.certFile, 'tls.certFile'),
    read(tls?.keyFile, 'tls.keyFile'),
  ]
  try {
    createSecureContext({ ca, cert, key })
  } catch (error) {
    problems.push(`${at}.tls: 证书或私钥不可用 cannot be used: ${(error as Error).message}`)
  }
  return {
    username,
    password: password && Buffer.from(password.toString('utf8').trimEnd()),
    ca,
    cert,
    key,
    servername: tls?.servername,
  }
}

const isSecure = (url: string): boolean => URL.canParse(url) && SECURE.includes(new URL(url).protocol.slice(0, -1))
