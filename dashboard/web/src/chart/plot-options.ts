// How uPlot draws one of our charts: ink told apart by dash, limits and marks over it, colours from the tokens.
import uPlot from 'uplot'
import { clockMinute, day, figure, TIME_ZONE } from '../text/format.ts'
import type { Aligned, Point } from './aligned.ts'
import { yRange } from './aligned.ts'
import { DASHES } from './dashes.ts'
import type { Mark, MarkedPoint } from './marks.ts'
import { drawLimits, drawMarkedPoints, drawMarks } from './overlay.ts'
import type { LimitLine } from './overlay.ts'
import type { Span } from './zoom.ts'

export interface Channel {
  readonly label: string
  readonly points: readonly Point[]
}

export interface Drawn {
  readonly channels: readonly Channel[]
  readonly aligned: Aligned
  readonly span: Span
  readonly physical: { readonly min: number; readonly max: number }
  readonly limits: readonly LimitLine[]
  readonly marks: readonly Mark[]
  readonly markedPoints: readonly MarkedPoint[]
  /** 0/1 values are drawn as steps. */
  readonly stepped: boolean
  readonly height: number
  readonly syncKey: string | undefined
  readonly onzoom: ((from: number, to: number) => void) | undefined
  readonly oncursor: (index: number | null) => void
}

export function plotData({ times, columns }: Aligned): uPlot.AlignedData {
  return [times, ...columns.flatMap(({ mean, min, max }) => [mean, min, max])] as uPlot.AlignedData
}

export function plotOptions(element: HTMLElement, drawn: Drawn): uPlot.Options {
  const { channels, span, stepped, limits, marks, onzoom, syncKey } = drawn
  const style = getComputedStyle(element)
  const token = (name: string) => style.getPropertyValue(name).trim()
  const [ink, quiet, rule] = [token('--ink'), token('--ink-2'), token('--rule')]
  const family = token('--font')
  const axis = {
    stroke: quiet,
    font: `12px ${family}`,
    grid: { stroke: rule, width: 1 },
    ticks: { stroke: rule, width: 1, size: 4 },
  }
  const path = stepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined
  const hasFlags = marks.some(({ kind }) => kind !== 'rejected')
  return {
    width: element.clientWidth,
    height: drawn.height,
    ms: 1,
    tzDate: (ts) => uPlot.tzDate(new Date(ts), TIME_ZONE),
    legend: { show: false },
    padding: [hasFlags ? 18 : 10, 20, 0, 0],
    cursor: {
      drag: { x: onzoom !== undefined, y: false, setScale: false },
      points: { size: 6, stroke: ink, fill: ink },
      y: false,
      ...(syncKey === undefined ? {} : { sync: { key: syncKey, scales: ['x', null] } }),
    },
    scales: { x: { min: span.from, max: span.to, range: [span.from, span.to] }, y: { range: rangeOf(drawn) } },
    axes: [
      { ...axis, size: 30, values: (_, splits) => splits.map((ms) => tickText(ms, span)) },
      {
        ...axis,
        size: 52,
        ticks: { show: false },
        ...(stepped ? { splits: () => [0, 1] } : {}),
        values: (_, splits) => splits.map((split) => figure(split, 0.01)),
      },
    ],
    series: [
      {},
      ...channels.flatMap((channel, index) => [
        {
          label: channel.label,
          stroke: ink,
          width: 1.5,
          dash: [...(DASHES[index % DASHES.length] ?? [])],
          points: { show: channel.points.length < 40, size: 4, fill: ink },
          ...(path === undefined ? {} : { paths: path }),
        },
        { label: '', width: 0, points: { show: false } },
        { label: '', width: 0, points: { show: false } },
      ]),
    ],
    bands: channels.map((_, index) => ({
      series: [index * 3 + 3, index * 3 + 2] as [number, number],
      fill: token('--hatch'),
    })),
    hooks: {
      draw: [
        (u) => drawLimits(u, limits, { token, family }),
        (u) => drawMarks(u, marks, { token, family }),
        (u) => drawMarkedPoints(u, drawn.markedPoints, { token, family }),
      ],
      setCursor: [(u) => drawn.oncursor(u.cursor.idx ?? null)],
      setSelect: [
        (u) => {
          if (u.select.width < 8) return
          onzoom?.(u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x'))
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
        },
      ],
    },
  }
}

function rangeOf({ stepped, aligned, limits, physical }: Drawn): [number, number] {
  if (stepped) return [-0.05, 1.05]
  const values = aligned.columns
    .flatMap(({ min, max }) => [...min, ...max])
    .filter((value) => typeof value === 'number')
  return yRange(
    values,
    limits.map(({ value }) => value),
    physical,
  )
}

const tickText = (ms: number, { from, to }: Span): string =>
  to - from > 2 * 86_400_000 ? day(ms).slice(5) : clockMinute(ms)
