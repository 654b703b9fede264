// Pictures as bytes: reads the PNGs of a browser, writes small ones of few colours, and tells how far two are apart.
import { crc32, deflateSync, inflateSync } from 'node:zlib'

/** RGB, 8 bits a channel, row by row. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8Array
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
/** Bytes a pixel by colour type: grey, RGB, palette, RGBA. */
const BYTES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 6: 4 }

/** PNG of 8 bits a channel, or of a palette of 4; not interlaced. Transparency is dropped: a screen has none. */
export function decodePng(file: Uint8Array): Picture {
  const data = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  if (!data.subarray(0, 8).equals(SIGNATURE)) throw new Error('not a PNG')
  let [width, height, depth, type] = [0, 0, 8, -1]
  let palette = Buffer.alloc(0)
  const compressed: Buffer[] = []
  for (let at = 8; at < data.length;) {
    const length = data.readUInt32BE(at)
    const name = data.toString('latin1', at + 4, at + 8)
    const body = data.subarray(at + 8, at + 8 + length)
    if (name === 'IHDR') {
      ;[width, height, depth, type] = [body.readUInt32BE(0), body.readUInt32BE(4), body[8] ?? 0, body[9] ?? -1]
      if ((depth !== 8 && !(depth === 4 && type === 3)) || body[12] !== 0) throw new Error('this PNG is not read')
    } else if (name === 'PLTE') palette = Buffer.from(body)
    else if (name === 'IDAT') compressed.push(body)
    at += 12 + length
  }
  const size = BYTES[type]
  if (size === undefined) throw new Error(`colour type ${type} is not read`)
  const stride = depth === 4 ? Math.ceil(width / 2) : width * size
  const rows = unfiltered(inflateSync(Buffer.concat(compressed)), stride, height, size)
  /** Where in the palette a pixel's colour stands. */
  const indexAt = (pixel: number): number => {
    if (depth === 8) return rows[pixel] as number
    const [x, y] = [pixel % width, Math.floor(pixel / width)]
    return ((rows[y * stride + (x >> 1)] as number) >> (x % 2 === 0 ? 4 : 0)) & 15
  }
  const pixels = new Uint8Array(width * height * 3)
  for (let pixel = 0; pixel < width * height; pixel += 1)
    for (let channel = 0; channel < 3; channel += 1)
      pixels[pixel * 3 + channel] = (
        type === 3 ? palette[indexAt(pixel) * 3 + channel] : rows[pixel * size + (size < 3 ? 0 : channel)]
      ) as number
  return { width, height, pixels }
}

/** PNG, 9.2: every line is told as its difference from what is left of it and above it. */
function unfiltered(data: Uint8Array, stride: number, height: number, size: number): Uint8Array {
  const out = new Uint8Array(stride * height)
  for (let y = 0; y < height; y += 1) {
    const filter = data[y * (stride + 1)]
    for (let x = 0; x < stride; x += 1) {
      const at = y * stride + x
      const left = x >= size ? (out[at - size] as number) : 0
      const above = y > 0 ? (out[at - stride] as number) : 0
      const corner = x >= size && y > 0 ? (out[at - stride - size] as number) : 0
      const raw = data[y * (stride + 1) + 1 + x] as number
      out[at] = raw + predicted(filter ?? 0, left, above, corner)
    }
  }
  return out
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 1) return left
  if (filter === 2) return above
  if (filter === 3) return (left + above) >> 1
  if (filter !== 4) return 0
  const guess = left + above - corner
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)]
  return a <= b && a <= c ? left : b <= c ? above : corner
}

/** Sixteen steps a channel: fewer colours to choose among, and nothing that the eye would miss. */
const STEP = 17
const coarse = (value: number): number => Math.round(value / STEP) * STEP

const parts = (key: number): readonly [number, number, number] => [key >> 16, (key >> 8) & 255, key & 255]
const distance = (one: number, other: number): number => {
  const [[r, g, b], [red, green, blue]] = [parts(one), parts(other)]
  return (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2
}

/** Text on its ground takes few; as many as the picture needs to be taken for itself are tried in this order. */
const PALETTES = [8, 10, 12, 16]

/** The colours that stand for all: each next one is the most frequent of those far from what is chosen. */
function paletteOf(counts: ReadonlyMap<number, number>, size: number): number[] {
  const chosen: number[] = []
  const left = new Map([...counts].map(([key, count]) => [key, { count, away: Infinity }]))
  while (chosen.length < size && left.size > 0) {
    const [next] = [...left].reduce((best, one) => (weight(one[1]) > weight(best[1]) ? one : best))
    chosen.push(next)
    left.delete(next)
    for (const [key, held] of left) held.away = Math.min(held.away, distance(key, next))
  }
  return chosen
}
const weight = ({ count, away }: { count: number; away: number }): number => count * Math.min(away, 3 * 255 ** 2)

/** A palette, two pixels a byte: a page of text takes a few kilobytes. */
export function encodePng(picture: Picture): Buffer {
  let file = Buffer.alloc(0)
  for (const size of PALETTES) {
    file = withColours(picture, size)
    if (difference(picture, decodePng(file)).pixels === 0) break
  }
  return file
}

function withColours({ width, height, pixels }: Picture, size: number): Buffer<ArrayBuffer> {
  const keys = new Uint32Array(width * height)
  const counts = new Map<number, number>()
  for (let pixel = 0; pixel < keys.length; pixel += 1) {
    const [red, green, blue] = [0, 1, 2].map((channel) => coarse(pixels[pixel * 3 + channel] as number)) as [
      number,
      number,
      number,
    ]
    const key = (red << 16) | (green << 8) | blue
    keys[pixel] = key
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const palette = paletteOf(counts, size)
  const indexOf = new Map(
    [...counts.keys()].map((key) => [
      key,
      palette.reduce(
        (best, other, at) => (distance(key, other) < distance(key, palette[best] as number) ? at : best),
        0,
      ),
    ]),
  )
  const stride = Math.ceil(width / 2) + 1
  const lines = Buffer.alloc(stride * height)
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const at = y * stride + 1 + (x >> 1)
      lines[at] = (lines[at] as number) | ((indexOf.get(keys[y * width + x] as number) ?? 0) << (x % 2 === 0 ? 4 : 0))
    }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([4, 3, 0, 0, 0], 8)
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flatMap(parts))),
    chunk('IDAT', deflateSync(lines, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(name: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), body])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(body.length)
  check.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, check])
}

export interface Region {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export function cropped(picture: Picture, region: Region): Picture {
  const [x, y] = [Math.max(0, Math.round(region.x)), Math.max(0, Math.round(region.y))]
  const width = Math.min(Math.round(region.width), picture.width - x)
  const height = Math.min(Math.round(region.height), picture.height - y)
  const pixels = new Uint8Array(width * height * 3)
  for (let row = 0; row < height; row += 1) {
    const from = ((y + row) * picture.width + x) * 3
    pixels.set(picture.pixels.subarray(from, from + width * 3), row * width * 3)
  }
  return { width, height, pixels }
}

/** A channel may differ by this much from what is drawn in the eight pixels around it: edges of letters fall otherwise. */
const TOLERANCE = 48

/** How many pixels of one have no like in the other, near where they stand; and where, in white on a dark copy. */
export function difference(one: Picture, other: Picture): { readonly pixels: number; readonly map: Picture } {
  const [width, height] = [Math.max(one.width, other.width), Math.max(one.height, other.height)]
  const map = new Uint8Array(width * height * 3)
  let count = 0
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const inside = x < one.width && y < one.height && x < other.width && y < other.height
      const like = inside && hasLike(one, other, x, y) && hasLike(other, one, x, y)
      if (!like) count += 1
      for (let channel = 0; channel < 3; channel += 1)
        map[(y * width + x) * 3 + channel] = like ? (one.pixels[(y * one.width + x) * 3 + channel] as number) >> 2 : 255
    }
  return { pixels: count, map: { width, height, pixels: map } }
}

/** Each channel lies within what `other` has around that place. */
function hasLike(one: Picture, other: Picture, x: number, y: number): boolean {
  const at = (y * one.width + x) * 3
  for (let channel = 0; channel < 3; channel += 1) {
    const value = one.pixels[at + channel] as number
    if (Math.abs(value - (other.pixels[(y * other.width + x) * 3 + channel] as number)) <= TOLERANCE) continue
    let [low, high] = [255, 0]
    for (let near = Math.max(0, y - 1); near <= Math.min(other.height - 1, y + 1); near += 1)
      for (let beside = Math.max(0, x - 1); beside <= Math.min(other.width - 1, x + 1); beside += 1) {
        const found = other.pixels[(near * other.width + beside) * 3 + channel] as number
        low = Math.min(low, found)
        high = Math.max(high, found)
      }
    if (value < low - TOLERANCE || value > high + TOLERANCE) return false
  }
  return true
}
