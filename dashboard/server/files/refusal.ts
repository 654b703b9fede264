// Why a file is not taken. Thrown by whoever reads its structure; it never says more than the sentence.
import type { Bilingual } from '../../../contract/rules.ts'

export class FileRefused extends Error {
  override readonly name = 'FileRefused'
  readonly text: Bilingual
  constructor(zh: string, en: string) {
    super(`${zh} ${en}`)
    this.text = { zh, en }
  }
}

export const broken = (): FileRefused =>
  new FileRefused(
    '文件不完整或已损坏，请重新拍照或另存后再传。',
    'The file is cut off or damaged; take or save it anew.',
  )

/** A picture of more would take more memory to show than a phone has. */
const MAX_PIXELS = 100_000_000

export function refuseSize(width: number, height: number): void {
  if (width < 1 || height < 1) throw broken()
  if (width * height > MAX_PIXELS)
    throw new FileRefused(
      '图片尺寸过大（超过 1 亿像素），请缩小后再传。',
      'The picture has more than 100 million pixels; make it smaller.',
    )
}
