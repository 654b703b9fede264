// What the status line derives: when the desk changes hands, and when a page asks for the password again.
import { describe, expect, it } from 'vitest'
import { endsSoon } from '../../../dashboard/web/src/app/session-end.ts'
import { nextChange } from '../../../dashboard/web/src/app/shift-times.ts'

const MINUTE = 60_000
const beijing = (text: string) => Date.parse(`${text}+08:00`)

describe('the next change of shift', () => {
  it.each([
    [['08:30'], '2026-11-22T08:29:59', '2026-11-22T08:30:00'],
    [['08:30'], '2026-11-22T08:30:00', '2026-11-23T08:30:00'],
    [['08:30', '20:30'], '2026-11-22T12:00:00', '2026-11-22T20:30:00'],
    [['08:30', '20:30'], '2026-11-22T23:59:59', '2026-11-23T08:30:00'],
    [['00:00'], '2026-12-31T23:59:00', '2027-01-01T00:00:00'],
    [['00:00'], '2026-12-31T00:00:00', '2027-01-01T00:00:00'],
  ])('of %j at %s is %s', (changesAt, now, next) => {
    expect(nextChange(changesAt, beijing(now))).toBe(beijing(next))
  })

  it('is unknown where none is set', () => {
    expect(nextChange([], beijing('2026-11-22T08:00:00'))).toBeNull()
  })
})

describe('the end of a session', () => {
  it.each([
    ['31 minutes before', 31, null, false],
    ['30 minutes before', 30, null, true],
    ['put off a moment ago', 28, 29, false],
    ['put off ten minutes ago', 19, 29, true],
    ['put off, five minutes before', 5, 6, true],
  ])('%s: %i min left', (_what, left, putOffWithLeft, asks) => {
    const end = 1_000 * MINUTE
    const putOffAt = putOffWithLeft === null ? null : end - putOffWithLeft * MINUTE
    expect(endsSoon(left * MINUTE, putOffAt, end - left * MINUTE)).toBe(asks)
  })
})
