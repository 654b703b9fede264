// Following the ledger's log of changes, over a ledger that is away when a test says so.
import { describe, expect, it } from 'vitest'
import { ChangeTail } from '../../cluster/change-tail.ts'
import type { LedgerChange, Wake } from '../../records/ledger/cluster.ts'
import { until } from '../support/hub-process.ts'

class Log {
  readonly rows: LedgerChange[] = []
  away = false
  wake: (what: Wake) => void = () => undefined
  readonly changes = {
    newest: () => Promise.resolve(this.rows.at(-1)?.seq ?? 0),
    after: (seq: number, limit: number) =>
      this.away
        ? Promise.reject(new Error('away'))
        : Promise.resolve(this.rows.filter((row) => row.seq > seq).slice(0, limit)),
  }
  onWake = (listener: (what: Wake) => void): (() => void) => {
    this.wake = listener
    return () => (this.wake = () => undefined)
  }
  add(id: string): void {
    this.rows.push({ seq: (this.rows.at(-1)?.seq ?? 0) + 1, what: 'device', id })
  }
}

async function tailing(more: { apply?: (ids: readonly string[]) => Promise<void>; now?: () => number } = {}) {
  const log = new Log()
  log.add('before')
  const [taken, applied]: [string[], number[]] = [[], []]
  let [reloads, failures] = [0, 0]
  const tail = new ChangeTail({
    ledger: log,
    async apply(changes) {
      const ids = changes.map(({ id }) => id)
      await more.apply?.(ids)
      taken.push(...ids)
    },
    applied: (seq) => applied.push(seq),
    failed: () => void failures++,
    reload: () => Promise.resolve(void reloads++),
    lookEveryMs: 20,
    ...(more.now === undefined ? {} : { now: more.now }),
  })
  await tail.start()
  return { log, tail, taken, applied, reloads: () => reloads, failures: () => failures }
}

describe('the tail of the changes', () => {
  it('takes what comes from its start on, in order, and says how far it is', async () => {
    const { log, tail, taken, applied } = await tailing()
    log.add('a')
    log.add('b')
    log.wake('change')
    await tail.caughtUp()
    expect(taken).toEqual(['a', 'b'])
    expect(applied).toEqual([1, 3])
    await tail.stop()
  })

  it('takes the same ones again when they could not be taken in, and the next when the ledger is back', async () => {
    let broken = true
    const { log, tail, taken, failures } = await tailing({
      apply: () => (broken ? Promise.reject(new Error('the ledger is away')) : Promise.resolve()),
    })
    log.add('a')
    await until('it failed', () => failures() > 0)
    expect(taken).toEqual([])
    broken = false
    await until('it is taken', () => taken.length === 1)
    log.away = true
    log.add('b')
    const before = failures()
    await until('it failed again', () => failures() > before)
    log.away = false
    await until('the next is taken', () => taken.length === 2)
    expect(taken).toEqual(['a', 'b'])
    await tail.stop()
  })

  it('reads everything again when it was cut off for longer than the ledger remembers', async () => {
    let ahead = 0
    const { log, tail, reloads, failures } = await tailing({ now: () => performance.now() + ahead })
    log.away = true
    await until('it failed', () => failures() > 0)
    ahead += 13 * 3_600_000
    log.away = false
    await until('it has read everything again', () => reloads() === 1)
    log.add('a')
    await tail.caughtUp()
    expect(reloads()).toBe(1)
    await tail.stop()
  })
})
