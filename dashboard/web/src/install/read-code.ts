// Reads a QR code from a picture: with the browser's own detector where it has one, else with a decoder that is fetched then.

interface Detector {
  detect(image: ImageBitmapSource): Promise<readonly { readonly rawValue: string }[]>
}
interface DetectorClass {
  new (options: { formats: readonly string[] }): Detector
  getSupportedFormats(): Promise<readonly string[]>
}

/** Longest side that is looked at, px: a label fills a good part of its picture. */
const LOOKED_AT = 1_000

export type ReadCode = (image: HTMLVideoElement | ImageBitmap) => Promise<string | null>

export async function codeReader(): Promise<ReadCode> {
  const Native = (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector
  if (Native !== undefined && (await Native.getSupportedFormats()).includes('qr_code')) {
    const detector = new Native({ formats: ['qr_code'] })
    return async (image) => (await detector.detect(image))[0]?.rawValue ?? null
  }
  const { default: decode } = await import('qr/decode.js')
  const canvas = document.createElement('canvas')
  const context = canvas.getContext('2d', { willReadFrequently: true })
  return (image) => {
    const [width, height] =
      image instanceof ImageBitmap ? [image.width, image.height] : [image.videoWidth, image.videoHeight]
    if (context === null || width === 0) return Promise.resolve(null)
    const scale = Math.min(1, LOOKED_AT / Math.max(width, height))
    canvas.width = Math.round(width * scale)
    canvas.height = Math.round(height * scale)
    context.drawImage(image, 0, 0, canvas.width, canvas.height)
    try {
      return Promise.resolve(decode(context.getImageData(0, 0, canvas.width, canvas.height)))
    } catch {
      // No code in this one.
      return Promise.resolve(null)
    }
  }
}
