// What is drawn over the curves: limit lines with their words, marks in time, and points that are not like the others.
import type uPlot from 'uplot'
import type { Priority } from '../../../../contract/rules.ts'
import { SHAPES } from './marks.ts'
import type { Mark, MarkedPoint, MarkKind } from './marks.ts'

export interface LimitLine {
  readonly value: number
  readonly label: string
  readonly priority: Priority
}

/** Colours and type face of the theme, read from its tokens. */
export interface Ink {
  readonly token: (name: string) => string
  readonly family: string
}

const TEXT_PX = 12
const ROOM_PX = 14

export function drawLimits(u: uPlot, limits: readonly LimitLine[], ink: Ink): void {
  const { ctx, bbox } = u
  const ratio = devicePixelRatio
  const right = bbox.left + bbox.width - 2 * ratio
  const taken: { readonly y: number; readonly left: number }[] = []
  ctx.save()
  ctx.font = `${TEXT_PX * ratio}px ${ink.family}`
  ctx.textAlign = 'right'
  for (const limit of limits) {
    const y = Math.round(u.valToPos(limit.value, 'y', true)) + 0.5
    if (y < bbox.top || y > bbox.top + bbox.height) continue
    ctx.strokeStyle = ctx.fillStyle = ink.token(`--p${limit.priority}`)
    ctx.lineWidth = ratio
    ctx.setLineDash([5 * ratio, 3 * ratio])
    ctx.beginPath()
    ctx.moveTo(bbox.left, y)
    ctx.lineTo(bbox.left + bbox.width, y)
    ctx.stroke()
    // A line near the top has its word below; words that would touch stand side by side.
    const below = y - bbox.top < ROOM_PX * ratio
    const textY = below ? y + ROOM_PX * ratio : y
    const near = taken.filter((other) => Math.abs(other.y - textY) < ROOM_PX * ratio)
    const at = near.length === 0 ? right : Math.min(...near.map((other) => other.left)) - 8 * ratio
    ctx.textBaseline = 'bottom'
    ctx.fillText(limit.label, at, textY - ratio)
    taken.push({ y: textY, left: at - ctx.measureText(limit.label).width })
  }
  ctx.restore()
}

/** What happened at the top edge, what was refused at the bottom: a dotted line, a shape, and its words where they fit. */
export function drawMarks(u: uPlot, marks: readonly Mark[], ink: Ink): void {
  const { ctx, bbox } = u
  const ratio = devicePixelRatio
  const right = bbox.left + bbox.width
  const shown = marks
    .map((mark) => ({ ...mark, x: u.valToPos(mark.t, 'x', true) }))
    .filter(({ x }) => x >= bbox.left && x <= right)
    .toSorted((a, b) => a.x - b.x)
  ctx.save()
  ctx.strokeStyle = ctx.fillStyle = ink.token('--ink-2')
  ctx.font = `${TEXT_PX * ratio}px ${ink.family}`
  ctx.textAlign = 'left'
  ctx.textBaseline = 'middle'
  const above = shown.filter(({ kind }) => kind !== 'rejected')
  for (const [index, { x, kind, label }] of above.entries()) {
    const y = bbox.top - 2 * ratio
    ctx.lineWidth = ratio
    ctx.setLineDash([2 * ratio, 2 * ratio])
    ctx.beginPath()
    ctx.moveTo(Math.round(x) + 0.5, bbox.top + 3 * ratio)
    ctx.lineTo(Math.round(x) + 0.5, bbox.top + bbox.height)
    ctx.stroke()
    drawShape(ctx, kind, x, y, ratio)
    const room = (above[index + 1]?.x ?? u.ctx.canvas.width) - x - 16 * ratio
    if (ctx.measureText(label).width <= room) ctx.fillText(label, x + 8 * ratio, y)
  }
  for (const { x } of shown.filter(({ kind }) => kind === 'rejected'))
    drawShape(ctx, 'rejected', x, bbox.top + bbox.height - 6 * ratio, ratio)
  ctx.restore()
}

/** Points that came late, or whose time nobody believes. */
export function drawMarkedPoints(u: uPlot, points: readonly MarkedPoint[], ink: Ink): void {
  const { ctx, bbox } = u
  ctx.save()
  ctx.strokeStyle = ctx.fillStyle = ink.token('--ink')
  for (const { t, value, kind } of points) {
    const x = u.valToPos(t, 'x', true)
    if (x < bbox.left || x > bbox.left + bbox.width) continue
    drawShape(ctx, kind, x, u.valToPos(value, 'y', true), devicePixelRatio)
  }
  ctx.restore()
}

/** In the context's present colours. */
export function drawShape(ctx: CanvasRenderingContext2D, kind: MarkKind, x: number, y: number, ratio: number): void {
  const { path, filled } = SHAPES[kind]
  ctx.save()
  ctx.translate(x, y)
  ctx.scale(ratio, ratio)
  ctx.setLineDash([])
  ctx.lineWidth = 1.5
  ctx[filled ? 'fill' : 'stroke'](new Path2D(path))
  ctx.restore()
}
