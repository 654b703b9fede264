// A photograph as it is sent: at most so large, a JPEG drawn anew, so that nothing the camera wrote into it (place, time,
// device) leaves the phone. The hub strips again.
import { MAX_FILE_BYTES } from '../../../../contract/http/files.ts'

const LONGEST_SIDE = 2_048
const QUALITY = 0.82

export class PhotoProblem extends Error {
  readonly why: 'unreadable' | 'too_large'
  constructor(why: 'unreadable' | 'too_large') {
    super(why)
    this.why = why
  }
}

/** Width and height within the longest side, never larger than they are. */
export function sizeWithin(width: number, height: number): { readonly width: number; readonly height: number } {
  const share = Math.min(1, LONGEST_SIDE / Math.max(width, height))
  return { width: Math.max(1, Math.round(width * share)), height: Math.max(1, Math.round(height * share)) }
}

export async function shrunk(photo: Blob): Promise<Blob> {
  // Turned as the camera was held: what says so is not sent with it.
  const picture = await createImageBitmap(photo, { imageOrientation: 'from-image' }).catch(() => null)
  if (picture === null) throw new PhotoProblem('unreadable')
  const { width, height } = sizeWithin(picture.width, picture.height)
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  canvas.getContext('2d')?.drawImage(picture, 0, 0, width, height)
  picture.close()
  const drawn = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY))
  if (drawn === null) throw new PhotoProblem('unreadable')
  if (drawn.size > MAX_FILE_BYTES) throw new PhotoProblem('too_large')
  return drawn
}
