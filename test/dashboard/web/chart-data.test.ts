// Charts: gaps stay gaps, limits are those of the device, axes stay physical; and the small texts of the device pages.
import { describe, expect, it } from 'vitest'
import { KINDS, defaultRulesFor, metricOf } from '../../../contract/kinds/table.ts'
import { parseUpTopic } from '../../../contract/topics.ts'
import { align, gapAfter, usualSpacing, yRange } from '../../../dashboard/web/src/chart/aligned.ts'
import type { Point } from '../../../dashboard/web/src/chart/aligned.ts'
import { attributeLookup, limitsOf } from '../../../dashboard/web/src/chart/limit-lines.ts'
import { TEMPLATE, issuesOf, lineOf, tokensCsv } from '../../../dashboard/web/src/devices/import-table.ts'
import { publishLine } from '../../../dashboard/web/src/devices/publish-line.ts'

const point = (t: number, mean = t): Point => ({ t, min: mean - 1, mean, max: mean + 1, last: mean, count: 1 })

describe('aligned series', () => {
  it('puts a hole where samples are missing, and none where another channel has an instant of its own', () => {
    const { times, columns } = align([[point(0), point(10), point(100)], [point(5)]], 50)
    expect(times).toEqual([0, 5, 10, 11, 100])
    expect(columns[0]?.mean).toEqual([0, undefined, 10, null, 100])
    expect(columns[0]?.min).toEqual([-1, undefined, 9, null, 99])
    expect(columns[1]?.mean).toEqual([undefined, 5, undefined, undefined, undefined])
  })

  it('takes a gap to be three intervals or two and a half buckets, whichever is longer', () => {
    expect(gapAfter(1_000, 60_000)).toBe(180_000)
    expect(gapAfter(600_000, 60_000)).toBe(1_500_000)
    expect(usualSpacing([point(0), point(10), point(20), point(500)])).toBe(10)
    expect(usualSpacing([])).toBe(0)
  })

  it('keeps the axis within what can be measured, with room for the limits', () => {
    expect(yRange([10, 20], [25], { min: 0, max: 100 })).toEqual([8.5, 26.5])
    expect(yRange([0, 1], [], { min: 0, max: 1 })).toEqual([0, 1])
    expect(yRange([], [], { min: 0, max: 100 })).toEqual([0, 1])
  })
})

describe('limit lines', () => {
  const lines = (attributes: Record<string, string | number>) =>
    limitsOf(
      'residual_current',
      defaultRulesFor('electricity'),
      attributeLookup(attributes, KINDS.electricity.attributes),
    ).map(({ value, priority }) => [value, priority])

  it('follow the attributes of the device, as its rule does', () => {
    expect(lines({})).toEqual([
      [200, 3],
      [300, 2],
      [500, 2],
    ])
    expect(lines({ position: 'final' })).toEqual([
      [100, 3],
      [300, 2],
    ])
    expect(lines({ position: 'final', rcdMa: 30 })).toEqual([
      [24, 4],
      [30, 3],
    ])
  })

  it('leave out levels that are off until someone turns them on', () => {
    const gas = limitsOf('gas_lel', defaultRulesFor('gas'), attributeLookup({}, KINDS.gas.attributes))
    expect(gas.map(({ value }) => value)).toEqual([10, 25, 50])
  })
})

describe('the first publish', () => {
  it.each(Object.values(KINDS).map((kind) => kind.name))('%s: a line whose topic and values the hub takes', (kind) => {
    const line = publishLine({ host: 'hub.local', port: 1884 }, 'dev-1', 'secret', kind)
    const topic = /-t (\S+)/.exec(line)?.[1] ?? ''
    const payload = JSON.parse(/-m '(.*)'$/.exec(line)?.[1] ?? '') as {
      values?: Record<string, number>
      event?: string
    }
    expect(parseUpTopic(topic)).toMatchObject({ deviceId: 'dev-1', gatewayId: null })
    expect(line).toContain('-h hub.local -p 1884 -u dev-1 -P secret -q 1')
    for (const [name, value] of Object.entries(payload.values ?? {})) {
      const metric = metricOf(kind, name)
      expect(metric !== undefined && value >= metric.min && value <= metric.max).toBe(true)
    }
    expect(payload.values !== undefined || KINDS[kind].events.some((event) => event.name === payload.event)).toBe(true)
  })

  it('invents neither a token nor a port', () => {
    expect(publishLine({ host: 'h', port: null }, 'd', null, 'gas')).toContain('-p PORT -u d -P TOKEN ')
  })
})

describe('the import table', () => {
  it('finds the physical line of an error', () => {
    expect(lineOf('a\r\nb\r\nc', 2)).toBe('b')
    expect(lineOf('a\nb', 9)).toBe('')
  })

  it('reads every issue, or the one that is named', () => {
    expect(issuesOf({ issues: [{ line: 3, field: 'kind', message: 'x' }] }, 'm')).toEqual([
      { line: 3, field: 'kind', message: 'x' },
    ])
    expect(issuesOf({ line: 2 }, 'broken')).toEqual([{ line: 2, field: '', message: 'broken' }])
    expect(issuesOf({}, 'm')).toEqual([])
  })

  it('offers tokens as a table, and a template of as many cells as its header', () => {
    expect(tokensCsv([{ id: 'a', token: 't' }])).toBe('id,token\r\na,t\r\n')
    const rows = TEMPLATE.trim()
      .split('\r\n')
      .map((row) => row.split(',').length)
    expect(new Set(rows).size).toBe(1)
  })
})
