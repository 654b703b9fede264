// The bridges that an administrator lists in the JSON file of ZHIAN_BRIDGES: read and checked at the start, all mistakes at
// once. It holds no secret: a password and a private key stand in files of their own.
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { bridgesFileSchema, MAX_CONNECTIONS, sentenceOf } from './bridges-file.ts'
import type { Listed } from './bridges-file.ts'

/** What a sample may be old at most (`MAX_PAST_MS`): nothing that is kept for longer would be believed. */
const SESSION_EXPIRY_DAYS = 7

/** What a connection to the external broker needs to be let in. */
export interface BridgeLogin {
  readonly username: string | undefined
  readonly password: Buffer | undefined
  readonly ca: Buffer | undefined
  readonly cert: Buffer | undefined
  readonly key: Buffer | undefined
  readonly servername: string | undefined
}

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
  const parsed = bridgesFileSchema.safeParse(parse(file))
  if (!parsed.success) throw new BridgesUnusable(parsed.error.issues.map(sentenceOf))
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
