import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { Arrivals } from '../../hub/arrivals.ts'
import { until } from '../support/hub-process.ts'

/** A ledger that answers when it is told to. */
class Records {
  readonly asked: (readonly string[])[] = []
  readonly #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []

  heard(ids: readonly string[]): Promise<void> {
    this.asked.push(ids)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  answer(error?: Error): void {
    const waiting = this.#waiting.shift()
    if (error === undefined) waiting?.resolve()
    else waiting?.reject(error)
  }
}

describe('devices that come into service', () => {
  const begin = (): { arrivals: Arrivals; records: Records } => {
    const records = new Records()
    return { arrivals: new Arrivals(records, pino({ level: 'silent' })), records }
  }

  it('are written down one write at a time, with all that came meanwhile', async () => {
    const { arrivals, records } = begin()
    for (const id of ['a', 'b', 'c']) arrivals.add(id)
    expect(records.asked).toEqual([['a']])
    records.answer()
    await until('the rest is asked for', () => records.asked.length === 2)
    expect(records.asked[1]).toEqual(['b', 'c'])
    arrivals.add('d')
    records.answer()
    await until('the next is asked for', () => records.asked.length === 3)
    expect(records.asked[2]).toEqual(['d'])
  })

  it('do not wait for ever behind a write that failed', async () => {
    const { arrivals, records } = begin()
    arrivals.add('a')
    arrivals.add('b')
    records.answer(new Error('database is locked'))
    await until('the next is asked for', () => records.asked.length === 2)
    expect(records.asked[1]).toEqual(['b'])
  })
})
