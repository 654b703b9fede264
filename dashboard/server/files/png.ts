// A PNG with its picture and nothing else: pixels, palette, transparency, colour, animation, orientation. Texts, times,
// EXIF and what follows the end are left out. PNG third edition.
import { crc32 } from 'node:zlib'
import { broken, refuseSize } from './refusal.ts'
import { orientationOf, tiffOf } from './orientation.ts'

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const CRITICAL = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND'])
const KEPT = new Set([
  ...CRITICAL,
  ...['tRNS', 'cHRM', 'gAMA', 'iCCP', 'sBIT', 'sRGB', 'cICP', 'bKGD', 'pHYs'],
  ...['acTL', 'fcTL', 'fdAT'],
])

export function cleanPng(file: Buffer): Buffer {
  if (!file.subarray(0, 8).equals(SIGNATURE)) throw broken()
  const kept: Buffer[] = []
  let orientation: number | null = null
  let pixels = false
  let at = 8
  for (let first = true; ; first = false) {
    if (at + 12 > file.length) throw broken()
    const length = file.readUInt32BE(at)
    const end = at + 12 + length
    if (end > file.length) throw broken()
    const type = file.toString('latin1', at + 4, at + 8)
    if (!/^[A-Za-z]{4}$/.test(type)) throw broken()
    if (first !== (type === 'IHDR')) throw broken()
    const data = file.subarray(at + 8, at + 8 + length)
    if (crc32(file.subarray(at + 4, at + 8 + length)) !== file.readUInt32BE(end - 4)) throw broken()
    if (first) {
      if (length !== 13) throw broken()
      refuseSize(data.readUInt32BE(0), data.readUInt32BE(4))
    }
    // A reader must not show what has a critical chunk that it does not know.
    if (isCritical(type) && !CRITICAL.has(type)) throw broken()
    pixels ||= type === 'IDAT'
    if (type === 'eXIf') orientation ??= orientationOf(data)
    if (KEPT.has(type)) kept.push(file.subarray(at, end))
    at = end
    if (type === 'IEND') {
      if (length !== 0) throw broken()
      break
    }
  }
  if (!pixels) throw broken()
  const turn = orientation === null || orientation === 1 ? [] : [chunk('eXIf', tiffOf(orientation))]
  return Buffer.concat([SIGNATURE, ...kept.slice(0, 1), ...turn, ...kept.slice(1)])
}

const isCritical = (type: string): boolean => /^[A-Z]/.test(type)

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  body.copy(framed, 4)
  framed.writeUInt32BE(crc32(body), framed.length - 4)
  return framed
}
