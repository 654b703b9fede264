import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { commandExpired } from '../../../ingest/commands/expiry.ts'

describe('command expiry', () => {
  it('G7: at its expiry a command is too late, a millisecond before it is not', () => {
    expect(commandExpired(29_999, 30_000)).toBe(false)
    expect(commandExpired(30_000, 30_000)).toBe(true)
    expect(commandExpired(30_001, 30_000)).toBe(true)
  })

  it('G7: what has expired never comes back to life as time goes on', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (now, expires, later) => {
        if (commandExpired(now, expires)) expect(commandExpired(now + later, expires)).toBe(true)
      }),
    )
  })

  it('G7: without a readable time nothing is executed', () => {
    expect(commandExpired(Number.NaN, 30_000)).toBe(true)
    expect(commandExpired(0, Number.NaN)).toBe(true)
  })
})
