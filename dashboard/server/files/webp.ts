// A WebP with its picture and nothing else: bitstreams, alpha, animation, colour profile, orientation. EXIF, XMP and chunks
// that the format does not name are left out, inside frames too. RFC 9649.
import { broken, refuseSize } from './refusal.ts'
import { orientationOf, tiffOf } from './orientation.ts'

const PICTURE = new Set(['VP8 ', 'VP8L'])
const KEPT = new Set([...PICTURE, 'VP8X', 'ALPH', 'ANIM', 'ANMF', 'ICCP'])
const KEPT_IN_FRAME = new Set([...PICTURE, 'ALPH'])
/** Bits of VP8X's first byte. */
const HAS_EXIF = 0x08
const HAS_XMP = 0x04
/** A frame's own fields come before its chunks. */
const FRAME_HEAD = 16

interface Chunk {
  readonly type: string
  readonly data: Buffer
}

export function cleanWebp(file: Buffer): Buffer {
  if (file.length < 20 || tag(file, 0) !== 'RIFF' || tag(file, 8) !== 'WEBP') throw broken()
  const end = 8 + file.readUInt32LE(4)
  if (end > file.length || end < 20) throw broken()
  const found = [...chunksOf(file.subarray(12, end))]
  const [head] = found
  if (head === undefined || !(PICTURE.has(head.type) || head.type === 'VP8X')) throw broken()
  refuseSize(...sizeOf(head))
  if (!found.some(({ type }) => PICTURE.has(type) || type === 'ANMF')) throw broken()
  const exif = found.find(({ type }) => type === 'EXIF')
  const orientation = exif === undefined ? null : orientationOf(withoutPrefix(exif.data))
  const turned = head.type === 'VP8X' && orientation !== null && orientation !== 1
  const kept = found.filter(({ type }) => KEPT.has(type)).map((chunk) => cleaned(chunk, turned))
  if (turned) kept.push({ type: 'EXIF', data: tiffOf(orientation) })
  const body = Buffer.concat([Buffer.from('WEBP', 'latin1'), ...kept.map(framed)])
  const riff = Buffer.alloc(8)
  riff.write('RIFF', 'latin1')
  riff.writeUInt32LE(body.length, 4)
  return Buffer.concat([riff, body])
}

function cleaned({ type, data }: Chunk, turned: boolean): Chunk {
  if (type === 'VP8X') {
    const flags = Buffer.from(data)
    flags.writeUInt8((flags.readUInt8(0) & ~(HAS_EXIF | HAS_XMP)) | (turned ? HAS_EXIF : 0), 0)
    return { type, data: flags }
  }
  if (type === 'ANMF') {
    if (data.length < FRAME_HEAD) throw broken()
    const inner = [...chunksOf(data.subarray(FRAME_HEAD))].filter((chunk) => KEPT_IN_FRAME.has(chunk.type))
    if (!inner.some((chunk) => PICTURE.has(chunk.type))) throw broken()
    return { type, data: Buffer.concat([data.subarray(0, FRAME_HEAD), ...inner.map(framed)]) }
  }
  return { type, data }
}

function* chunksOf(bytes: Buffer): Generator<Chunk> {
  for (let at = 0; at < bytes.length;) {
    if (at + 8 > bytes.length) throw broken()
    const length = bytes.readUInt32LE(at + 4)
    if (at + 8 + length > bytes.length) throw broken()
    yield { type: tag(bytes, at), data: bytes.subarray(at + 8, at + 8 + length) }
    // Chunks begin at even offsets.
    at += 8 + length + (length % 2)
  }
}

function sizeOf({ type, data }: Chunk): [width: number, height: number] {
  if (data.length < 10) throw broken()
  if (type === 'VP8X') return [1 + data.readUIntLE(4, 3), 1 + data.readUIntLE(7, 3)]
  if (type === 'VP8 ') {
    if (data.readUIntBE(3, 3) !== 0x9d012a) throw broken()
    return [data.readUInt16LE(6) & 0x3fff, data.readUInt16LE(8) & 0x3fff]
  }
  if (data[0] !== 0x2f) throw broken()
  const bits = data.readUInt32LE(1)
  return [1 + (bits & 0x3fff), 1 + ((bits >> 14) & 0x3fff)]
}

function framed({ type, data }: Chunk): Buffer {
  const head = Buffer.alloc(8)
  head.write(type, 'latin1')
  head.writeUInt32LE(data.length, 4)
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)])
}

const tag = (bytes: Buffer, at: number): string => bytes.toString('latin1', at, at + 4)

/** Some programs write the JPEG prefix here too. */
const withoutPrefix = (data: Buffer): Buffer => (data.toString('latin1', 0, 6) === 'Exif\0\0' ? data.subarray(6) : data)
