// What is kept of a file: its content decides, and a photograph says nothing of where it was taken.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accept } from '../../../dashboard/server/files/accept.ts'
import { contentDisposition, safeName } from '../../../dashboard/server/files/disposition.ts'
import { orientationOf } from '../../../dashboard/server/files/orientation.ts'
import { FileRefused } from '../../../dashboard/server/files/refusal.ts'
import * as pictures from './pictures.ts'

const { JPEG, PNG, WEBP, WEBP_LOSSLESS, PDF } = pictures
const WHOLE = { jpeg: JPEG, png: PNG, webp: WEBP, lossless: WEBP_LOSSLESS }

/** Segments up to the scan, as code and body; the scan as one. */
function jpegParts(file: Buffer): string[] {
  const parts: string[] = []
  for (let at = 2; ;) {
    const code = file.readUInt8(at + 1)
    const length = file.readUInt16BE(at + 2)
    parts.push(`${code.toString(16)} ${file.toString('hex', at + 4, at + 2 + length)}`)
    at += 2 + length
    if (code === 0xda) return [...parts, file.toString('hex', at)]
  }
}

describe('what is kept of a picture', () => {
  it('is everything of one that has nothing beside its pixels and its colours', async () => {
    for (const [name, file] of Object.entries(WHOLE)) {
      const { content } = await accept(file)
      expect([name, content.equals(file)]).toEqual([name, true])
    }
    expect((await accept(PDF)).content.equals(PDF)).toBe(true)
  })

  it('is no place, no comment, no thumbnail, nothing behind its end; its pixels are the same', async () => {
    for (const file of [
      pictures.jpegWithEverything(1),
      pictures.pngWithEverything(1),
      pictures.webpWithEverything(1),
    ]) {
      expect(file.includes('GPS')).toBe(true)
      const { type, content } = await accept(file)
      expect(content.includes('GPS')).toBe(false)
      const plain = type === 'image/jpeg' ? JPEG : type === 'image/png' ? PNG : WEBP
      expect(content.equals(plain)).toBe(true)
    }
  })

  it('is which way up, and no more of the EXIF', async () => {
    for (const little of [true, false]) {
      for (let orientation = 2; orientation <= 8; orientation++) {
        const { content } = await accept(pictures.jpegWithEverything(orientation, little))
        const [first, second, ...rest] = jpegParts(content)
        expect([first, ...rest]).toEqual(jpegParts(JPEG))
        expect(second?.startsWith('e1 ')).toBe(true)
        expect(orientationOf(Buffer.from(second?.slice(3 + 12) ?? '', 'hex'))).toBe(orientation)
        expect(content.includes('GPS')).toBe(false)
      }
    }
    const png = (await accept(pictures.pngWithEverything(6))).content
    expect(orientationOf(png.subarray(png.indexOf('eXIf') + 4))).toBe(6)
    expect(png.length).toBe(PNG.length + 12 + 26)
    const webp = (await accept(pictures.webpWithEverything(8))).content
    expect(orientationOf(webp.subarray(webp.indexOf('EXIF') + 8))).toBe(8)
    expect(webp.readUInt8(20) & 0x0c).toBe(0x08)
    expect(webp.readUInt32LE(4)).toBe(webp.length - 8)
    for (const content of [png, webp]) expect(content.includes('GPS')).toBe(false)
    // What was cleaned stays as it is when it is cleaned again.
    for (const content of [png, webp]) expect((await accept(content)).content.equals(content)).toBe(true)
  })

  it('is nothing when it is cut off, anywhere', async () => {
    for (const file of [...Object.values(WHOLE), PDF])
      for (let length = 0; length < file.length - 1; length++)
        await expect(accept(file.subarray(0, length)), String(length)).rejects.toBeInstanceOf(FileRefused)
  })

  it('is decided or refused whatever the bytes are, and what is kept never holds what was hidden', async () => {
    const files = [
      pictures.jpegWithEverything(6),
      pictures.pngWithEverything(6),
      pictures.webpWithEverything(6),
      WEBP_LOSSLESS,
    ]
    const hostile = fc
      .tuple(
        fc.constantFrom(...files),
        fc.array(fc.tuple(fc.nat(1_400), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
        fc.nat(1_400),
      )
      .map(([file, changes, length]) => {
        const bytes = Buffer.from(length % 3 === 0 ? file.subarray(0, length) : file)
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
        return bytes
      })
    await fc.assert(
      fc.asyncProperty(fc.oneof(hostile, fc.uint8Array({ maxLength: 400 })), async (bytes) => {
        const kept = await accept(Buffer.from(bytes)).catch((error: unknown) => error)
        if (kept instanceof FileRefused) return
        const { type, content } = kept as Awaited<ReturnType<typeof accept>>
        // It can be read again, and gives the same.
        expect(await accept(content)).toEqual({ type, content })
      }),
      { numRuns: 3_000 },
    )
  })

  it('is no picture that would take a gigabyte to show', async () => {
    const png = Buffer.concat([
      PNG.subarray(0, 8),
      pictures.chunk('IHDR', Buffer.from([0, 0, 255, 255, 0, 0, 255, 255, 8, 6, 0, 0, 0])),
      PNG.subarray(8 + 25),
    ])
    await expect(accept(png)).rejects.toThrow(/1 亿像素/)
  })
})

describe('what is not taken', () => {
  it('says what the file is, as far as it is known', async () => {
    const heic = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypheic\0\0\0\0mif1heic')])
    const refused: [Buffer | string, RegExp][] = [
      ['', /空的/],
      ['<!doctype html><script>alert(1)</script>', /只接收/],
      ['<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', /只接收/],
      ['  \n<html>', /只接收/],
      ['GIF89a/*', /只接收.*gif/],
      ['PK\x03\x04\x14\0\0\0\0\0', /只接收.*zip/],
      ['RIFF\x10\0\0\0WAVEfmt ', /只接收/],
      [heic, /HEIC.*JPEG/],
    ]
    for (const [file, sentence] of refused)
      await expect(accept(Buffer.from(file as string, 'latin1')), String(file)).rejects.toThrow(sentence)
  })

  it('is a document that is something else as well', async () => {
    const text = PDF.toString('latin1')
    for (const file of [
      text.replace('\n1 0 obj', '\n<script>alert(1)</script>\n1 0 obj'),
      text.replace('\n1 0 obj', '\n<!DOCTYPE html>\n1 0 obj'),
      text.replace('\n1 0 obj', '\nPK\x03\x04\n1 0 obj'),
      `${text}PK\x03\x04 an archive behind it`,
      `${text}${' '.repeat(2_000)}`,
      `<html>${text}`,
    ])
      await expect(accept(Buffer.from(file, 'latin1'))).rejects.toBeInstanceOf(FileRefused)
  })
})

describe('a name', () => {
  it('is the last part of a path, of letters that are what they look like', () => {
    expect(safeName('../../etc/passwd')).toBe('passwd')
    expect(safeName('C:\\Users\\a\\现场 1.jpg')).toBe('现场 1.jpg')
    expect(safeName('..')).toBe('file')
    expect(safeName('.htaccess')).toBe('htaccess')
    expect(safeName('evil\u202egpj.exe')).toBe('evilgpj.exe')
    expect(safeName('a"b\r\nSet-Cookie: x')).toBe('a_bSet-Cookie_ x')
  })

  it('cannot end a header or name another folder, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (given) => {
        const name = safeName(given)
        expect(name).not.toMatch(/[/\\\r\n\0"]|^\.|^$/)
        expect(contentDisposition('inline', name)).toMatch(
          /^inline; filename="[ !#-$&-[\]-~]*"; filename\*=UTF-8''[A-Za-z0-9%!#$&+.^_`|~-]*$/,
        )
      }),
    )
  })
})
