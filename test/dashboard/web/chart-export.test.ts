// What is marked on a chart, how a zoom moves, and the table that is taken away.
import * as fc from 'fast-check'
import { parse } from 'csv-parse/sync'
import { describe, expect, it } from 'vitest'
import type { Rejection } from '../../../contract/http/devices.ts'
import type { AlarmDetail } from '../../../contract/http/alarms.ts'
import type { Point } from '../../../dashboard/web/src/chart/aligned.ts'
import { MARK_KINDS, SHAPES, markedPoints, rejectionMarks, stepMarks } from '../../../dashboard/web/src/chart/marks.ts'
import { exportName, isoInstant, seriesCsv } from '../../../dashboard/web/src/chart/series-csv.ts'
import { zoomWithin, zoomed } from '../../../dashboard/web/src/chart/zoom.ts'

const T = Date.UTC(2026, 10, 22, 6, 3, 27)
const point = (t: number, given: Partial<Point> = {}): Point => ({
  ...{ t, min: 1, mean: 2, max: 3, last: 2.5, count: 4 },
  ...given,
})

describe('marks', () => {
  it('have a shape each that no other has', () => {
    expect(new Set(MARK_KINDS.map((kind) => SHAPES[kind].path)).size).toBe(MARK_KINDS.length)
  })

  it('stand on late and suspect points, on both where a bucket holds both, and nowhere else', () => {
    expect(markedPoints([point(1), point(2, { late: 3 }), point(3, { late: 1, suspect: 2 })])).toEqual([
      { t: 2, value: 2, kind: 'late', count: 3 },
      { t: 3, value: 2, kind: 'late', count: 1 },
      { t: 3, value: 2, kind: 'suspect', count: 2 },
    ])
  })

  it('put what a sample caused at the sample, and what a person did at the act, with a name', () => {
    const base = {
      seq: 1,
      at: 100,
      level: 'high',
      priority: 1,
      condition: 'active',
      value: null,
      comment: null,
      verdict: null,
    } as const
    const steps: AlarmDetail['transitions'] = [
      { ...base, sampleTs: 60, type: 'raised', reason: 'threshold', by: null },
      { ...base, sampleTs: null, type: 'frozen', reason: 'device_silent', by: null },
      { ...base, sampleTs: 60, type: 'acknowledged', reason: 'human', by: { id: 'u', name: '周晓岚' } },
    ]
    expect(stepMarks(steps, ({ type }) => type)).toEqual([
      { t: 60, kind: 'transition', label: 'raised' },
      { t: 100, kind: 'transition', label: 'frozen' },
      { t: 100, kind: 'act', label: 'acknowledged 周晓岚' },
    ])
  })

  it('tell of a refused message where it names the metric, or nothing of it could be read', () => {
    const rejection = (at: number, reason: Rejection['reason'], detail: string, topic = 'readings'): Rejection => ({
      ...{ at, reason, detail, topic, sample: '' },
    })
    const given = [
      rejection(5, 'out_of_range', 'voltage_a, residual_current'),
      rejection(6, 'out_of_range', 'voltage_a'),
      rejection(7, 'not_json', ''),
      rejection(8, 'unknown_event', 'residual_current', 'events'),
      rejection(99, 'not_json', ''),
    ]
    expect(rejectionMarks(given, ['residual_current'], [0, 50], (reason) => reason)).toEqual([
      { t: 5, kind: 'rejected', label: 'out_of_range' },
      { t: 7, kind: 'rejected', label: 'not_json' },
    ])
  })
})

describe('a zoom', () => {
  it('keeps the instant under the cursor where it is', () => {
    expect(zoomed({ from: 0, to: 1000 }, 250, 0.5)).toEqual({ from: 125, to: 625 })
    expect(zoomed({ from: 0, to: 1000 }, 5000, 0.5)).toEqual({ from: 500, to: 1000 })
  })

  it('never leaves the range, never gets shorter than it may, and is none when all is seen', () => {
    const whole = { from: 0, to: 1_000_000 }
    fc.assert(
      fc.property(fc.integer({ min: -2e6, max: 2e6 }), fc.integer({ min: 0, max: 2e6 }), (from, length) => {
        const got = zoomWithin({ from, to: from + length }, whole, 60_000)
        if (length >= 1_000_000) expect(got).toBeNull()
        else if (got !== null) {
          expect(got.from).toBeGreaterThanOrEqual(whole.from)
          expect(got.to).toBeLessThanOrEqual(whole.to)
          expect(got.to - got.from).toBeGreaterThanOrEqual(Math.max(60_000, length) - 1)
        } else expect(Math.max(60_000, length)).toBeGreaterThanOrEqual(1_000_000)
      }),
    )
  })
})

describe('the table of a chart', () => {
  const words = { time: '时间', field: (field: string) => field }

  it('says times with their zone, units in its header, and nothing where a channel has no point', () => {
    const csv = seriesCsv(
      [
        { label: '线缆温度 A', unit: '℃', points: [point(T), point(T + 60_000, { late: 2 })] },
        { label: '状态', unit: '', points: [point(T + 60_000, { mean: 0.1 + 0.2 })] },
      ],
      words,
    )
    expect(csv.startsWith('\ufeff时间,线缆温度 A mean (℃)')).toBe(true)
    const [header, first, second] = parse(csv, { bom: true }) as string[][]
    expect(header?.slice(4, 10)).toEqual([
      '线缆温度 A last (℃)',
      '线缆温度 A count',
      '线缆温度 A late',
      '线缆温度 A suspect',
      '状态 mean',
      '状态 min',
    ])
    expect(first).toEqual(['2026-11-22T14:03:27.000+08:00', '2', '1', '3', '2.5', '4', '0', '0', ...Array(7).fill('')])
    expect(second?.slice(6, 9)).toEqual(['2', '0', '0.3'])
  })

  it('lets no text become a formula, and keeps a negative number a number', () => {
    const csv = seriesCsv([{ label: '=HYPERLINK("http://x"),A', unit: '', points: [point(T, { mean: -5 })] }], words)
    const [header, row] = parse(csv, { bom: true }) as string[][]
    expect(header?.[1]).toBe(`'=HYPERLINK("http://x"),A mean`)
    expect(row?.[1]).toBe('-5')
    for (const sign of ['+', '-', '@', '＝', '\t']) {
      const [names] = parse(seriesCsv([{ label: `${sign}1`, unit: '', points: [] }], words), {
        bom: true,
      }) as string[][]
      expect(names?.[1]?.startsWith("'")).toBe(true)
    }
  })

  it('is named by the device and the range', () => {
    expect(exportName('meter-7', { from: T, to: T + 86_400_000 })).toBe('meter-7_20261122-1403_20261123-1403')
    expect(isoInstant(T + 1)).toBe('2026-11-22T14:03:27.001+08:00')
  })
})
