// Acts and commands on their way to an owner: what a person is told when nobody answers, and what everyone waits for.
import { describe, expect, it } from 'vitest'
import type { Act } from '../../../contract/alarms.ts'
import { decodeEntry } from '../../../cluster/entry.ts'
import type { StreamEntry } from '../../../cluster/entry.ts'
import { ClusterLearners } from '../../../cluster/dashboard/learners.ts'
import { Requests } from '../../../cluster/dashboard/requests.ts'
import { encodeAnswer } from '../../../cluster/live-words.ts'
import type { NodeReport } from '../../../cluster/node-board.ts'
import { ApiError } from '../../../dashboard/server/errors.ts'
import type { CommittedTransition } from '../../../records/ledger.ts'
import type { Wake } from '../../../records/ledger/cluster.ts'
import { until } from '../../support/hub-process.ts'
import { entryOf } from '../../records/entries.ts'

const ACT: Act = {
  name: 'ack',
  level: 'county',
  alarmId: 'a',
  seq: 1,
  reason: null,
  comment: null,
  by: { id: 'u', name: '周' },
}

class FakeStream {
  problem: string | null = null
  failing = false
  failed = 0
  readonly entries: StreamEntry[] = []
  async added(_partition: number, fields: readonly (string | Buffer)[]): Promise<number> {
    if (this.failing) {
      this.failed += 1
      throw new Error('no answer')
    }
    this.entries.push(decodeEntry(fields.map((field) => Buffer.from(field))))
    return this.entries.length
  }
}

function stage({ known = true, withinMs = 60_000 } = {}) {
  const stream = new FakeStream()
  const answers = new Map<string, string>()
  const listeners = new Set<(what: Wake) => void>()
  let failing = false
  let time = 1_000
  const transition = { seq: 1, ...entryOf({ alarmId: 'a', deviceId: 'd1' }).transition }
  const newest = { transition, siteId: null, areaIds: [], receivedAt: null } as unknown as CommittedTransition
  const requests = new Requests({
    ledger: {
      answers: {
        find: async (id) => {
          if (failing) throw new Error('the ledger is away')
          return answers.get(id) ?? null
        },
      },
      journal: { newestOf: async () => (known ? newest : null) },
      onWake: (listener) => (listeners.add(listener), () => void listeners.delete(listener)),
    },
    writer: stream,
    now: () => time,
    withinMs,
  })
  requests.start()
  const asked = () => until('it is asked', () => stream.entries.at(-1) ?? null)
  return {
    requests,
    stream,
    answers,
    asked,
    wake: () => listeners.forEach((listener) => listener('answer')),
    pass: (ms: number) => void (time += ms),
    ledgerAway: (away: boolean) => void (failing = away),
  }
}

const refusal = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => 'no refusal',
    (error: unknown) => (error instanceof ApiError ? [error.status, error.details?.['reason']] : error),
  )

describe('an act of a person', () => {
  it('names who, from where, and until when it may be carried out', async () => {
    const { requests, asked, answers, wake } = stage()
    const outcome = requests.submit(ACT, '192.0.2.1')
    const entry = await asked()
    expect(entry).toMatchObject({ type: 'act', deviceId: 'd1', act: ACT, address: '192.0.2.1', expires: 61_000 })
    if (entry.type !== 'act') throw new Error()
    answers.set(entry.requestId, encodeAnswer({ ok: false, refusal: 'stale' }))
    wake()
    expect(await outcome).toEqual({ ok: false, refusal: 'stale' })
  })

  it('on an alarm that nobody knows is refused without asking anybody', async () => {
    const { requests, stream } = stage({ known: false })
    expect(await requests.submit(ACT, 'x')).toEqual({ ok: false, refusal: 'not_found' })
    expect(stream.entries).toEqual([])
  })

  it('is not done, for certain, when it cannot be sent', async () => {
    const { requests, stream } = stage()
    stream.problem = 'Redis does not answer'
    expect(await refusal(requests.submit(ACT, 'x'))).toEqual([503, 'not_done'])
  })

  it('is not known to be done when nobody answers in time, or when its sending failed half-way', async () => {
    const { requests, stream, asked, pass } = stage()
    const unanswered = refusal(requests.submit(ACT, 'x'))
    await asked()
    pass(70_000)
    expect(await unanswered).toEqual([503, 'not_known'])
    stream.failing = true
    const halfway = refusal(requests.submit(ACT, 'x'))
    await until('it was tried', () => stream.failed === 1)
    pass(70_000)
    expect(await halfway).toEqual([503, 'not_known'])
  })

  it('that came too late for its owner is not done', async () => {
    const { requests, asked, answers, wake } = stage()
    const late = refusal(requests.submit(ACT, 'x'))
    const entry = await asked()
    if (entry.type !== 'act') throw new Error()
    answers.set(entry.requestId, encodeAnswer({ ok: false, refusal: 'expired' }))
    wake()
    expect(await late).toEqual([503, 'not_done'])
  })

  it('is answered even when nobody woke us, and when the ledger was away in between', async () => {
    const { requests, asked, answers, ledgerAway } = stage()
    ledgerAway(true)
    const outcome = requests.submit(ACT, 'x')
    const entry = await asked()
    if (entry.type !== 'act') throw new Error()
    answers.set(entry.requestId, encodeAnswer({ ok: false, refusal: 'closed' }))
    ledgerAway(false)
    expect(await outcome).toEqual({ ok: false, refusal: 'closed' })
  })

  it('waits no longer than the dashboard lives', async () => {
    const { requests, asked } = stage()
    const outcome = refusal(requests.submit(ACT, 'x'))
    await asked()
    requests.stop()
    expect(await outcome).toEqual([503, 'not_known'])
    expect(await refusal(requests.submit(ACT, 'x'))).toEqual([503, 'not_done'])
  })
})

describe('a change of the ledger', () => {
  const node = (role: NodeReport['role'], applied: number): NodeReport => ({
    id: `${role}-${applied}`,
    role,
    startedAt: 0,
    applied,
  })

  function learning(nodes: NodeReport[], withinMs: number) {
    const warnings: string[] = []
    const stream = new FakeStream()
    const learners = new ClusterLearners({
      changes: { newest: async () => 7 },
      board: { all: async () => nodes },
      writer: stream,
      log: { warn: (_fields, line) => void warnings.push(line) },
      withinMs,
    })
    return { learners, warnings, stream }
  }

  it('is waited for until every broker and worker has it', async () => {
    const nodes = [node('broker', 6), node('ingest', 7), node('dashboard', 0)]
    const { learners, warnings } = learning(nodes, 60_000)
    let learnt = false
    const learning_ = learners.devices().then(() => (learnt = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(learnt).toBe(false)
    nodes[0] = node('broker', 7)
    await learning_
    expect(warnings).toEqual([])
  })

  it('is not waited for for ever: who is behind follows by itself', async () => {
    const { learners, warnings } = learning([node('ingest', 0)], 1)
    await learners.rules()
    expect(warnings).toEqual(['a change has not reached everyone yet'])
  })

  it('that alarms must hear of is refused before anything is changed when they cannot be told', async () => {
    const { learners, stream } = learning([], 1)
    learners.mustHear()
    stream.problem = 'Redis does not answer'
    expect(() => learners.mustHear()).toThrow(ApiError)
  })

  it('reaches the alarms as an input of the device', async () => {
    const { learners, stream } = learning([], 1)
    const input = { type: 'lifecycle', to: 'retired', by: { id: 'u', name: '周' } } as const
    await learners.tell('d1', input)
    expect(stream.entries).toEqual([{ type: 'input', deviceId: 'd1', input }])
  })
})
