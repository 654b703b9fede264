// What is taken of a file that somebody sends: by its content, never by its name or by what the sender calls it.
import type { FileType } from '../../../contract/http/files.ts'
import { cleanJpeg } from './jpeg.ts'
import { cleanPng } from './png.ts'
import { FileRefused, broken } from './refusal.ts'
import { cleanWebp } from './webp.ts'

export interface Accepted {
  readonly type: FileType
  /** What is kept: pictures without what cameras write into them. */
  readonly content: Buffer
}

/** Enough for every signature that is named in a refusal; hostile archives are not walked through. */
const SIGNATURE_BYTES = 4_100

/** Throws FileRefused, whatever the bytes are. */
export async function accept(file: Buffer): Promise<Accepted> {
  if (file.length === 0) throw new FileRefused('文件是空的。', 'The file is empty.')
  try {
    if (starts(file, 'ffd8ff')) return { type: 'image/jpeg', content: cleanJpeg(file) }
    if (starts(file, '89504e47')) return { type: 'image/png', content: cleanPng(file) }
    if (starts(file, '52494646') && file.toString('latin1', 8, 12) === 'WEBP')
      return { type: 'image/webp', content: cleanWebp(file) }
    if (starts(file, '255044462d')) return { type: 'application/pdf', content: wholePdf(file) }
  } catch (error) {
    throw error instanceof FileRefused ? error : broken()
  }
  throw await notTaken(file)
}

const starts = (file: Buffer, hex: string): boolean => file.toString('hex', 0, hex.length / 2) === hex

/** How far from its end a PDF's end mark may lie, bytes. */
const PDF_TAIL = 1_024

/** A document is kept as it is; one that is something else too (an archive behind it, a page before it) is not. */
function wholePdf(file: Buffer): Buffer {
  const end = file.lastIndexOf('%%EOF')
  if (end < file.length - PDF_TAIL) throw broken()
  if (!/^\s*$/.test(file.toString('latin1', end + 5))) throw broken()
  const head = file.toString('latin1', 0, PDF_TAIL).toLowerCase()
  if (/<(?:!doctype|html|head|body|script|svg|iframe|\?xml)/.test(head) || head.includes('pk\x03\x04'))
    throw new FileRefused(
      '这个文件同时是另一种文件，不予接收。',
      'This file is of another kind as well, and is not taken.',
    )
  return file
}

async function notTaken(file: Buffer): Promise<FileRefused> {
  const { fileTypeFromBuffer } = await import('file-type')
  const known = await fileTypeFromBuffer(file.subarray(0, SIGNATURE_BYTES)).catch(() => undefined)
  if (known?.mime === 'image/heic' || known?.mime === 'image/heif' || known?.mime === 'image/avif')
    return new FileRefused(
      'HEIC 图片请先转成 JPEG（iPhone：设置 › 相机 › 格式 › 兼容性最佳）。',
      'Turn HEIC pictures into JPEG first (iPhone: Settings › Camera › Formats › Most Compatible).',
    )
  const what = known === undefined ? '' : `（${known.ext}）`
  return new FileRefused(
    `只接收 JPEG、PNG、WebP 图片和 PDF 文档${what}。`,
    `Only JPEG, PNG and WebP pictures and PDF documents are taken${known === undefined ? '' : `, not ${known.ext}`}.`,
  )
}
