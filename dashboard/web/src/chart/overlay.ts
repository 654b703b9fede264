// What is drawn over the curves: limit lines with their words, and marks in time.
import type uPlot from 'uplot'
import type { Priority } from '../../../../contract/rules.ts'

export interface LimitLine {
  readonly value: number
  readonly label: string
  readonly priority: Priority
}
export interface Mark {
  readonly t: number
  readonly label: string
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

/** A dotted line through the chart with a small flag on its top. */
export function drawMarks(u: uPlot, marks: readonly Mark[], ink: Ink): void {
  const { ctx, bbox, scales } = u
  const ratio = devicePixelRatio
  const { min = -Infinity, max = Infinity } = scales['x'] ?? {}
  ctx.save()
  ctx.strokeStyle = ctx.fillStyle = ink.token('--ink-2')
  ctx.lineWidth = ratio
  ctx.setLineDash([2 * ratio, 2 * ratio])
  for (const mark of marks) {
    if (mark.t < (min ?? -Infinity) || mark.t > (max ?? Infinity)) continue
    const x = Math.round(u.valToPos(mark.t, 'x', true)) + 0.5
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
    ctx.beginPath()
    ctx.moveTo(x - 4 * ratio, bbox.top)
    ctx.lineTo(x + 4 * ratio, bbox.top)
    ctx.lineTo(x, bbox.top + 6 * ratio)
    ctx.fill()
  }
  ctx.restore()
}
