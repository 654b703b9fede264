// A JPEG with its picture and nothing else: tables, frames, scans, colour profile, orientation. What a camera or a program
// wrote beside it (EXIF with the place, XMP, comments, thumbnails, more pictures after the end) is left out. ITU-T T.81 B.
import { broken, refuseSize } from './refusal.ts'
import { orientationOf, tiffOf } from './orientation.ts'

const SOI = 0xd8
const EOI = 0xd9
const SOS = 0xda
const APP0 = 0xe0
const APP1 = 0xe1
const APP2 = 0xe2
const APP14 = 0xee

/** DHT, JPG (reserved) and DAC lie among the frame headers' codes. */
const isFrame = (code: number): boolean =>
  code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc
/** DHT, DAC, DQT, DNL, DRI. */
const TABLES: ReadonlySet<number> = new Set([0xc4, 0xcc, 0xdb, 0xdc, 0xdd])

export function cleanJpeg(file: Buffer): Buffer {
  if (file.length < 4 || file[0] !== 0xff || file[1] !== SOI) throw broken()
  const kept: Buffer[] = []
  let orientation: number | null = null
  let frame = false
  let scan = false
  let at = 2
  for (;;) {
    // Any number of fill bytes may stand before a marker.
    if (file[at] !== 0xff) throw broken()
    while (file[at] === 0xff) at += 1
    const code = file[at]
    at += 1
    if (code === undefined) throw broken()
    if (code === EOI) break
    if (at + 2 > file.length) throw broken()
    const length = file.readUInt16BE(at)
    const body = file.subarray(at + 2, at + length)
    if (length < 2 || at + length > file.length) throw broken()
    at += length
    if (code === APP1) orientation ??= exifOrientation(body)
    else if (code === APP0) keep(kept, code, withoutThumbnail(body))
    else if (code === APP2) keep(kept, code, starts(body, 'ICC_PROFILE\0') ? body : null)
    else if (code === APP14) keep(kept, code, starts(body, 'Adobe') && body.length === 12 ? body : null)
    else if (TABLES.has(code)) keep(kept, code, body)
    else if (isFrame(code)) {
      if (frame || body.length < 6) throw broken()
      refuseSize(body.readUInt16BE(3), body.readUInt16BE(1))
      frame = true
      keep(kept, code, body)
    } else if (code === SOS) {
      if (!frame) throw broken()
      scan = true
      keep(kept, code, body)
      const end = endOfScan(file, at)
      kept.push(file.subarray(at, end))
      at = end
    } else if (!isLeftOut(code)) throw broken()
  }
  if (!frame || !scan) throw broken()
  const turn = orientation === null || orientation === 1 ? [] : [segment(APP1, exifOf(orientation))]
  // JFIF asks to be first; EXIF readers look behind it too.
  const first = kept[0]?.[1] === APP0 ? 1 : 0
  return Buffer.concat([
    Buffer.from([0xff, SOI]),
    ...kept.slice(0, first),
    ...turn,
    ...kept.slice(first),
    Buffer.from([0xff, EOI]),
  ])
}

/** APPn and COM. */
const isLeftOut = (code: number): boolean => (code >= 0xe1 && code <= 0xef) || code === 0xfe

/** The marker after the entropy-coded data: 0xFF that is neither stuffed nor a restart. */
function endOfScan(file: Buffer, from: number): number {
  for (let at = file.indexOf(0xff, from); at !== -1; at = file.indexOf(0xff, at)) {
    const next = file[at + 1]
    if (next === 0xff) at += 1
    else if (next === 0 || (next !== undefined && next >= 0xd0 && next <= 0xd7)) at += 2
    else return at
  }
  throw broken()
}

function keep(kept: Buffer[], code: number, body: Buffer | null): void {
  if (body !== null) kept.push(segment(code, body))
}

function segment(code: number, body: Buffer): Buffer {
  const head = Buffer.from([0xff, code, 0, 0])
  head.writeUInt16BE(body.length + 2, 2)
  return Buffer.concat([head, body])
}

const starts = (body: Buffer, word: string): boolean => body.subarray(0, word.length).toString('latin1') === word

/** JFIF carries its density, and perhaps a thumbnail, which goes. */
function withoutThumbnail(body: Buffer): Buffer | null {
  if (!starts(body, 'JFIF\0') || body.length < 14) return null
  return Buffer.concat([body.subarray(0, 12), Buffer.from([0, 0])])
}

const EXIF = 'Exif\0\0'
const exifOrientation = (body: Buffer): number | null =>
  starts(body, EXIF) ? orientationOf(body.subarray(EXIF.length)) : null
const exifOf = (orientation: number): Buffer => Buffer.concat([Buffer.from(EXIF, 'latin1'), tiffOf(orientation)])
