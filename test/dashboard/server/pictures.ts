// Real pictures of 16 × 12 pixels, as a browser encodes them, and what cameras write into theirs.
import { crc32 } from 'node:zlib'

const base64 = (text: string): Buffer => Buffer.from(text, 'base64')

export const JPEG = base64(
  [
    '/9j/4AAQSkZJRgABAQAAAQABAAD/4gHYSUNDX1BST0ZJTEUAAQEAAAHIAAAAAAQwAABtbnRyUkdCIFhZWiAH4AABAAEAAAAAAABhY3NwAAAAAAAAAAAA',
    'AAAAAAAAAAAAAAAAAAAAAAAAAQAA9tYAAQAAAADTLQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAlkZXNj',
    'AAAA8AAAACRyWFlaAAABFAAAABRnWFlaAAABKAAAABRiWFlaAAABPAAAABR3dHB0AAABUAAAABRyVFJDAAABZAAAAChnVFJDAAABZAAAAChiVFJDAAAB',
    'ZAAAAChjcHJ0AAABjAAAADxtbHVjAAAAAAAAAAEAAAAMZW5VUwAAAAgAAAAcAHMAUgBHAEJYWVogAAAAAAAAb6IAADj1AAADkFhZWiAAAAAAAABimQAA',
    't4UAABjaWFlaIAAAAAAAACSgAAAPhAAAts9YWVogAAAAAAAA9tYAAQAAAADTLXBhcmEAAAAAAAQAAAACZmYAAPKnAAANWQAAE9AAAApbAAAAAAAAAABt',
    'bHVjAAAAAAAAAAEAAAAMZW5VUwAAACAAAAAcAEcAbwBvAGcAbABlACAASQBuAGMALgAgADIAMAAxADb/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEj',
    'JR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2Nj',
    'Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAAMABADASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAABAX/xAAeEAACAQMFAAAAAAAAAAAAAAAA',
    'EQMBBBIFFCNC0f/EABUBAQEAAAAAAAAAAAAAAAAAAAME/8QAGhEBAQACAwAAAAAAAAAAAAAAAQIAAwURMf/aAAwDAQACEQMRAD8Asapf72kfHhg+zbXh',
    'KkEyBpCIVe3C4i62UVXrn//Z',
  ].join(''),
)
export const WEBP = base64(
  [
    'UklGRioCAABXRUJQVlA4WAoAAAAgAAAADwAACwAASUNDUMgBAAAAAAHIAAAAAAQwAABtbnRyUkdCIFhZWiAH4AABAAEAAAAAAABhY3NwAAAAAAAAAAAA',
    'AAAAAAAAAAAAAAAAAAAAAAAAAQAA9tYAAQAAAADTLQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAlkZXNj',
    'AAAA8AAAACRyWFlaAAABFAAAABRnWFlaAAABKAAAABRiWFlaAAABPAAAABR3dHB0AAABUAAAABRyVFJDAAABZAAAAChnVFJDAAABZAAAAChiVFJDAAAB',
    'ZAAAAChjcHJ0AAABjAAAADxtbHVjAAAAAAAAAAEAAAAMZW5VUwAAAAgAAAAcAHMAUgBHAEJYWVogAAAAAAAAb6IAADj1AAADkFhZWiAAAAAAAABimQAA',
    't4UAABjaWFlaIAAAAAAAACSgAAAPhAAAts9YWVogAAAAAAAA9tYAAQAAAADTLXBhcmEAAAAAAAQAAAACZmYAAPKnAAANWQAAE9AAAApbAAAAAAAAAABt',
    'bHVjAAAAAAAAAAEAAAAMZW5VUwAAACAAAAAcAEcAbwBvAGcAbABlACAASQBuAGMALgAgADIAMAAxADZWUDggPAAAANABAJ0BKhAADAAPwEwlsAJ0ugAB',
    'b3rQAP76rfiGTLrg7Z6NRwXFkJv85E/P4lH7YhA5RpP8y1nNliAAAA==',
  ].join(''),
)
export const WEBP_LOSSLESS = base64(
  [
    'UklGRiwCAABXRUJQVlA4WAoAAAAgAAAADwAACwAASUNDUMgBAAAAAAHIAAAAAAQwAABtbnRyUkdCIFhZWiAH4AABAAEAAAAAAABhY3NwAAAAAAAAAAAA',
    'AAAAAAAAAAAAAAAAAAAAAAAAAQAA9tYAAQAAAADTLQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAlkZXNj',
    'AAAA8AAAACRyWFlaAAABFAAAABRnWFlaAAABKAAAABRiWFlaAAABPAAAABR3dHB0AAABUAAAABRyVFJDAAABZAAAAChnVFJDAAABZAAAAChiVFJDAAAB',
    'ZAAAAChjcHJ0AAABjAAAADxtbHVjAAAAAAAAAAEAAAAMZW5VUwAAAAgAAAAcAHMAUgBHAEJYWVogAAAAAAAAb6IAADj1AAADkFhZWiAAAAAAAABimQAA',
    't4UAABjaWFlaIAAAAAAAACSgAAAPhAAAts9YWVogAAAAAAAA9tYAAQAAAADTLXBhcmEAAAAAAAQAAAACZmYAAPKnAAANWQAAE9AAAApbAAAAAAAAAABt',
    'bHVjAAAAAAAAAAEAAAAMZW5VUwAAACAAAAAcAEcAbwBvAGcAbABlACAASQBuAGMALgAgADIAMAAxADZWUDhMPQAAAC8PwAIAhyAkIP7/MU0XXRAIpDCD',
    'Fwgkce635/xn6hwNittGUpaPb6f/kg/+Ef0PADCPUlsfc+08Tyz6dQIA',
  ].join(''),
)
export const PNG = base64(
  [
    'iVBORw0KGgoAAAANSUhEUgAAABAAAAAMCAYAAABr5z2BAAAAcElEQVR4AeyPIRJAQBiFf3sDR3AEN9AVzczbYsYB6IqmmnEAuqKpZhyAAwiiKOhP37aj',
    'bPD19+b7FA2iDUxWMJvBcgTrHmw7cGjAqQKXAtxz8EzBOwaVfMSBA0+0+I+W4NISHto6yIEEa2dj8CeIvAAAAP//qVgU5AAAAAZJREFUAwCYKTJ5PaNC',
    'owAAAABJRU5ErkJggg==',
  ].join(''),
)

/** EXIF as a telephone writes it: which way up, its maker, the place. Either byte order. */
export function exif(orientation: number, little: boolean): Buffer {
  const tiff = Buffer.alloc(160)
  const u16 = (value: number, at: number) => (little ? tiff.writeUInt16LE(value, at) : tiff.writeUInt16BE(value, at))
  const u32 = (value: number, at: number) => (little ? tiff.writeUInt32LE(value, at) : tiff.writeUInt32BE(value, at))
  const entry = (index: number, base: number, tag: number, type: number, count: number, value: number) => {
    const at = base + 2 + index * 12
    u16(tag, at)
    u16(type, at + 2)
    u32(count, at + 4)
    if (type === 3) u16(value, at + 8)
    else u32(value, at + 8)
  }
  tiff.write(little ? 'II' : 'MM', 'latin1')
  u16(42, 2)
  u32(8, 4)
  u16(3, 8)
  entry(0, 8, 0x010f, 2, 12, 100)
  entry(1, 8, 0x0112, 3, 1, orientation)
  entry(2, 8, 0x8825, 4, 1, 60)
  // GPS: latitude reference.
  u16(1, 60)
  entry(0, 60, 0x0001, 2, 2, 0x4e000000)
  tiff.write('GPSMAKER-123', 100, 'latin1')
  return tiff
}

const segment = (code: number, body: Buffer): Buffer => {
  const head = Buffer.from([0xff, code, 0, 0])
  head.writeUInt16BE(body.length + 2, 2)
  return Buffer.concat([head, body])
}

/** A JPEG with everything that a telephone, an editor and an attacker put into one. */
export function jpegWithEverything(orientation: number, little = true): Buffer {
  return Buffer.concat([
    JPEG.subarray(0, 2),
    segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), exif(orientation, little)])),
    segment(0xe1, Buffer.from('http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>GPSXMP</x:xmpmeta>', 'latin1')),
    segment(0xe2, Buffer.from('MPF\0GPSMPF', 'latin1')),
    segment(0xed, Buffer.from('Photoshop 3.0\0GPSIPTC', 'latin1')),
    segment(0xfe, Buffer.from('<script>GPSCOMMENT</script>', 'latin1')),
    JPEG.subarray(2),
    Buffer.from('<html>GPSTRAILER PK\x03\x04', 'latin1'),
  ])
}

export function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}

export function pngWithEverything(orientation: number): Buffer {
  const afterHead = 8 + 25
  return Buffer.concat([
    PNG.subarray(0, afterHead),
    chunk('eXIf', exif(orientation, false)),
    chunk('tEXt', Buffer.from('Comment\0GPSTEXT <script>', 'latin1')),
    chunk('iTXt', Buffer.from('XML:com.adobe.xmp\0\0\0\0\0GPSXMP', 'latin1')),
    chunk('tIME', Buffer.from([7, 234, 1, 1, 1, 1, 1])),
    PNG.subarray(afterHead),
    Buffer.from('<html>GPSTRAILER', 'latin1'),
  ])
}

export function webpWithEverything(orientation: number): Buffer {
  const riff = (type: string, data: Buffer): Buffer => {
    const head = Buffer.alloc(8)
    head.write(type, 'latin1')
    head.writeUInt32LE(data.length, 4)
    return Buffer.concat([head, data, Buffer.alloc(data.length % 2)])
  }
  const body = Buffer.concat([
    WEBP.subarray(8),
    riff('EXIF', exif(orientation, true)),
    riff('XMP ', Buffer.from('<x:xmpmeta>GPSXMP', 'latin1')),
    riff('EVIL', Buffer.from('GPSCHUNK', 'latin1')),
  ])
  // The first byte of VP8X says that there are EXIF and XMP.
  body.writeUInt8(body.readUInt8(12) | 0x0c, 12)
  const head = Buffer.alloc(8)
  head.write('RIFF', 'latin1')
  head.writeUInt32LE(body.length, 4)
  return Buffer.concat([head, body, Buffer.from('<html>GPSTRAILER', 'latin1')])
}

export const PDF = Buffer.from('%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n')
