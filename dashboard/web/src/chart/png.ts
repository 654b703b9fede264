// The charts of a page as one picture: a title, and under each chart's own title what its canvas and its legend show.
import type { MarkKind } from './marks.ts'
import { drawShape } from './overlay.ts'

export interface Picture {
  readonly title: string
  /** As it stands on the page, in device pixels. */
  readonly canvas: HTMLCanvasElement
  /** Its channels with the dashes of their lines; none where there is one alone. */
  readonly keys: readonly { readonly label: string; readonly dash: readonly number[] }[]
  readonly legend: readonly { readonly kind: MarkKind | null; readonly text: string }[]
}

export interface PictureStyle {
  readonly ground: string
  readonly ink: string
  readonly quiet: string
  readonly family: string
}

const MARGIN = 16
const LINE = 20
const DASH_WIDTH = 26
const SHAPE_WIDTH = 16

export function pictureOf(
  heading: readonly string[],
  pictures: readonly Picture[],
  style: PictureStyle,
): Promise<Blob> {
  const ratio = devicePixelRatio
  const width = Math.max(...pictures.map(({ canvas }) => canvas.width / ratio)) + 2 * MARGIN
  const made = document.createElement('canvas')
  const ctx = made.getContext('2d')
  if (ctx === null) throw new Error('this browser draws no pictures')
  // Twice: to learn how high it becomes, and to draw it; setting the size clears it.
  const height = draw(ctx, width, heading, pictures, style)
  made.width = Math.ceil(width * ratio)
  made.height = Math.ceil(height * ratio)
  ctx.scale(ratio, ratio)
  ctx.fillStyle = style.ground
  ctx.fillRect(0, 0, width, height)
  draw(ctx, width, heading, pictures, style)
  return new Promise((resolve, reject) =>
    made.toBlob((blob) => (blob === null ? reject(new Error('the picture is too large')) : resolve(blob)), 'image/png'),
  )
}

/** Answers how high it is. */
function draw(
  ctx: CanvasRenderingContext2D,
  width: number,
  heading: readonly string[],
  pictures: readonly Picture[],
  style: PictureStyle,
): number {
  const ratio = devicePixelRatio
  let [x, y] = [MARGIN, MARGIN]
  ctx.textBaseline = 'top'
  const fontOf = (strong: boolean) => `${strong ? '600 ' : ''}13px ${style.family}`
  const line = (text: string, strong = false) => {
    ctx.font = fontOf(strong)
    ctx.fillStyle = strong ? style.ink : style.quiet
    ctx.fillText(text, MARGIN, y, width - 2 * MARGIN)
    y += LINE
  }
  /** Side by side, on a new line where it would not fit; before it a piece of its line, or its shape. */
  const word = (text: string, dash: readonly number[] | null, kind: MarkKind | null) => {
    ctx.font = fontOf(false)
    const before = dash !== null ? DASH_WIDTH + 6 : kind !== null ? SHAPE_WIDTH : 0
    const needed = before + ctx.measureText(text).width
    if (x > MARGIN && x + needed > width - MARGIN) [x, y] = [MARGIN, y + LINE]
    if (dash !== null) {
      ctx.strokeStyle = style.ink
      ctx.lineWidth = 1.5
      ctx.setLineDash([...dash])
      ctx.beginPath()
      ctx.moveTo(x, y + 7)
      ctx.lineTo(x + DASH_WIDTH, y + 7)
      ctx.stroke()
    }
    ctx.strokeStyle = ctx.fillStyle = style.quiet
    if (kind !== null) drawShape(ctx, kind, x + 5, y + 7, 1)
    ctx.fillText(text, x + before, y)
    x += needed + MARGIN
  }
  const endLine = () => {
    if (x > MARGIN) [x, y] = [MARGIN, y + LINE]
  }
  heading.forEach((text, index) => line(text, index === 0))
  for (const { title, canvas, keys, legend } of pictures) {
    y += LINE
    line(title, true)
    for (const { label, dash } of keys) word(label, dash, null)
    endLine()
    ctx.drawImage(canvas, MARGIN, y, canvas.width / ratio, canvas.height / ratio)
    y += canvas.height / ratio
    for (const { kind, text } of legend) word(text, null, kind)
    endLine()
  }
  return y + MARGIN
}
