import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Ticker } from '../../ingest/ticker.ts'
import type { Runtime } from '../../ingest/devices.ts'

const device = (deviceId: string): Runtime => ({ profile: { deviceId } }) as unknown as Runtime

describe('the ticker of a process that stands still', () => {
  let now: number
  let due: string[]
  let ticker: Ticker
  beforeEach(() => {
    vi.useFakeTimers()
    now = 0
    due = []
    const clock = { now: () => now, wall: () => now }
    ticker = new Ticker(clock, (runtimes) => due.push(...runtimes.map(({ profile }) => profile.deviceId)))
    ticker.start()
  })
  afterEach(() => {
    ticker.stop()
    vi.useRealTimers()
  })

  /** Time that passes while the process runs, and time that passes while it does not; its timers do not count that. */
  const run = (ms: number): void => {
    for (let step = 0; step < ms; step += 10) {
      now += 10
      vi.advanceTimersByTime(10)
    }
  }
  const standStill = (ms: number): void => void (now += ms)

  it('calls on time when nothing is in the way', () => {
    ticker.want(device('a'), 1_000)
    run(990)
    expect(due).toEqual([])
    run(20)
    expect(due).toEqual(['a'])
  })

  it('G4: after a standstill what was said meanwhile is read before anybody is called', () => {
    ticker.want(device('a'), 1_000)
    run(990)
    standStill(1_500)
    run(1_400)
    expect(due).toEqual([])
    run(200)
    expect(due).toEqual(['a'])
  })

  it('G4: another standstill while it reads makes it read again', () => {
    ticker.want(device('a'), 1_000)
    run(990)
    standStill(2_000)
    run(1_990)
    standStill(5_000)
    run(1_900)
    expect(due).toEqual([])
    run(200)
    expect(due).toEqual(['a'])
  })

  it('comes to its timers although the process stands still again and again', () => {
    ticker.want(device('a'), 1_000)
    run(990)
    for (let time = 0; time < 4; time++) {
      standStill(5_000)
      run(2_000)
    }
    expect(due).toEqual(['a'])
  })
})
