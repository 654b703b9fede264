// `--replay`: a recorded session against a hub, its devices registered as recorded or known from their tokens.
import { createReadStream, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { readTokens, signedIn, writeTokens } from './enrol.ts'
import type { Options } from './options.ts'
import { Replay } from './replay.ts'
import { parseHeader, parseMessage } from './session-file.ts'
import type { Recorded, SessionHeader } from './session-file.ts'
import { Complaint, say, whenInterrupted, wordsOf } from './terminal.ts'

const COUNTS_EVERY_MS = 5_000

export async function replaySession(options: Options, path: string): Promise<void> {
  const interrupted = whenInterrupted()
  const lines = linesOf(path)
  const header = await headerOf(lines, path)
  const replay = new Replay({
    url: options.url,
    tokens: await tokensFor(header, options),
    began: header.began,
    speed: options.speed,
    ...(options.ca === null ? {} : { ca: readFileSync(options.ca, 'utf8') }),
  })
  const counting = setInterval(() => say(countsLine(replay)), COUNTS_EVERY_MS)
  const perform = async (): Promise<void> => {
    await replay.connect().catch((error: unknown) => {
      throw new Complaint(`无法连接 cannot connect to ${options.url}: ${wordsOf(error)}`)
    })
    say(
      `设备已连接 ${options.url}，${options.speed} 倍速重放  connected; replaying at ${options.speed} times its speed`,
    )
    await replay.play(messagesOf(lines))
  }
  try {
    // An interrupt, or the time being up, ends it whatever is under way.
    const over = options.duration === null ? [] : [delay(options.duration * 1000, undefined, { ref: false })]
    await Promise.race([perform(), interrupted, ...over])
  } finally {
    clearInterval(counting)
    say(countsLine(replay))
    await replay.stop()
  }
}

/** Lines as they are read: a session may be longer than memory. */
function linesOf(path: string): AsyncIterator<string> {
  const stream = createReadStream(path, 'utf8')
  return createInterface({ input: stream, crlfDelay: Infinity })[Symbol.asyncIterator]()
}

async function headerOf(lines: AsyncIterator<string>, path: string): Promise<SessionHeader> {
  try {
    const { value, done } = await lines.next()
    return parseHeader(done === true ? '' : value)
  } catch (error) {
    throw new Complaint(`无法重放 cannot replay ${path}: ${wordsOf(error)}`)
  }
}

async function* messagesOf(lines: AsyncIterator<string>): AsyncGenerator<Recorded> {
  for (let number = 2; ; number++) {
    const { value, done } = await lines.next()
    if (done === true) return
    // A recording that was cut off in the middle of a line has that line empty or broken: it says so.
    if (value !== '') yield parseMessage(value, number)
  }
}

/** Of the session's devices. */
async function tokensFor({ devices }: SessionHeader, options: Options): Promise<Map<string, string>> {
  const ids = new Set(devices.map(({ id }) => id))
  if (options.api === null) {
    const rows = readTokens(options.devicesCsv as string)
    return new Map(rows.flatMap(({ id, token }) => (ids.has(id) ? [[id, token] as const] : [])))
  }
  const registry = await signedIn(options.api)
  const tokens = await registry.register(devices.map((device) => ({ device, model: device })))
  say(`已登记设备 ${tokens.size} 台  ${tokens.size} devices registered`)
  if (options.devicesCsv !== null) {
    const rows = devices.map(({ id, kind }) => ({ id, kind, token: tokens.get(id) as string }))
    writeTokens(options.devicesCsv, rows)
  }
  return tokens
}

function countsLine(replay: Replay): string {
  const { devices, connected, sent, acknowledged, outstanding, lastError } = replay.counts()
  const trouble = connected < devices && lastError !== null ? `  最近错误 last error: ${lastError}` : ''
  return (
    `在线 connected ${connected}/${devices}  已发 sent ${sent}  已确认 acknowledged ${acknowledged}  ` +
    `在途 under way ${outstanding}${trouble}`
  )
}
