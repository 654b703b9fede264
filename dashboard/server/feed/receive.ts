// What a page says: counted, its session checked again, its access decided, its shape parsed — then acted on.
import { UP } from '../../../contract/feed.ts'
import type { Desk, FeedRefusal, ResumeReply, UpEvents } from '../../../contract/feed.ts'
import { refusalOf } from '../auth/decide.ts'
import type { Principal } from '../auth/principal.ts'
import { ApiError } from '../errors.ts'
import type { DashboardMetrics } from '../metrics.ts'
import type { LogSink } from '../options.ts'
import type { Ports } from '../ports.ts'
import type { Connection, CutReason } from './connection.ts'
import { UP_ACCESS } from './events.ts'
import type { LiveReadings } from './live-readings.ts'
import type { LiveViewers } from './live-viewers.ts'
import { answerResume, eventOf } from './resume.ts'
import type { ScopeMarks } from './scope-marks.ts'
import type { ShownLog } from './shown-log.ts'
import type { ShownLatency } from './shown.ts'

export interface Receiving {
  readonly connection: Connection
  readonly ports: Pick<Ports, 'records'>
  readonly log: LogSink
  readonly now: () => number
  readonly metrics: DashboardMetrics
  readonly marks: ScopeMarks
  readonly readings: LiveReadings
  readonly shown: ShownLatency
  readonly shownLog: ShownLog
  readonly viewers: LiveViewers
  readonly recheck: () => Promise<Principal | null>
  readonly cut: (reason: CutReason) => void
  readonly desk: (desk: Desk) => void
}

type Reply = (answer: ResumeReply | FeedRefusal) => void

const isUpEvent = (name: string): name is keyof UpEvents => Object.hasOwn(UP, name)
const refused = ({ code, message }: Pick<ApiError, 'code' | 'message'>): FeedRefusal => ({ ok: false, code, message })

export function receiver(receiving: Receiving): (name: string, args: readonly unknown[]) => Promise<void> {
  const { connection, log, now, readings, shown, viewers } = receiving
  return async (name, args) => {
    if (!connection.pace.take(now())) return receiving.cut('too_many_events')
    const last = args.at(-1)
    const reply: Reply = typeof last === 'function' ? (last as Reply) : () => {}
    try {
      if (!isUpEvent(name)) throw new ApiError('not_found')
      const principal = await receiving.recheck()
      if (principal === null) return
      const refusal = refusalOf(UP_ACCESS[name], principal, false)
      if (refusal !== null) throw refusal
      await say(name, args[0], reply)
    } catch (error) {
      if (!(error instanceof ApiError)) log.error({ err: error, event: name }, 'a feed event failed')
      reply(refused(error instanceof ApiError ? error : new ApiError('unavailable')))
    }
  }

  async function say(name: keyof UpEvents, body: unknown, reply: Reply): Promise<void> {
    if (name === 'feed:resume') await resume(parse(name, body).cursor, reply)
    else if (name === 'readings:watch') readings.watch(connection, parse(name, body).deviceIds)
    else if (name === 'desk') receiving.desk(parse(name, body))
    else if (name === 'alarm:viewing') await viewers.viewing(connection, parse(name, body).alarmId, now)
    else {
      const { seqs } = parse(name, body)
      shown.painted(connection, seqs, now())
      receiving.shownLog.painted(connection, seqs, now())
    }
  }

  async function resume(cursor: number | null, reply: Reply): Promise<void> {
    const { line, principal, socket } = connection
    if (!line.begin()) throw new ApiError('rate_limited', undefined, '正在补发。 A resume is under way.')
    try {
      const since = await receiving.marks.since(principal)
      const answer = await answerResume(receiving.ports.records.journal, principal.scope, cursor, since)
      if (!socket.connected) return
      receiving.metrics.resumes.inc({ mode: answer.mode })
      // Synchronously one after the other: nothing may slip between the answer and what was held for it.
      reply(answer)
      for (const committed of line.finish(answer.head)) {
        const { prev } = line
        if (line.offer(committed) === 'send') socket.emit('alarm', eventOf(committed, prev))
      }
    } catch (error) {
      line.abort()
      throw error
    }
  }
}

type Parsed<E extends keyof UpEvents> = Parameters<UpEvents[E]>[0]

function parse<E extends keyof UpEvents>(name: E, body: unknown): Parsed<E> {
  const parsed = UP[name].safeParse(body)
  if (!parsed.success)
    throw new ApiError('invalid', {
      issues: parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
    })
  return parsed.data as Parsed<E>
}
