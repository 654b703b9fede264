// The one thing of a camera's EXIF that is kept: which way up. Pixels stay as they were taken, and browsers turn them.

const TAG = 0x0112
const SHORT = 3
const MAX_ENTRIES = 512

/** 1 … 8; null when the TIFF structure does not say, or cannot be read. */
export function orientationOf(tiff: Uint8Array): number | null {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength)
  if (tiff.length < 14) return null
  const order = view.getUint16(0)
  if (order !== 0x4949 && order !== 0x4d4d) return null
  const little = order === 0x4949
  if (view.getUint16(2, little) !== 42) return null
  const directory = view.getUint32(4, little)
  if (directory + 2 > tiff.length) return null
  const entries = Math.min(view.getUint16(directory, little), MAX_ENTRIES)
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + i * 12
    if (entry + 12 > tiff.length) return null
    if (view.getUint16(entry, little) !== TAG || view.getUint16(entry + 2, little) !== SHORT) continue
    const value = view.getUint16(entry + 8, little)
    return value >= 1 && value <= 8 ? value : null
  }
  return null
}

/** A TIFF structure that says this and nothing else. */
export function tiffOf(orientation: number): Buffer {
  const tiff = Buffer.alloc(26)
  tiff.write('II', 'latin1')
  tiff.writeUInt16LE(42, 2)
  tiff.writeUInt32LE(8, 4)
  tiff.writeUInt16LE(1, 8)
  tiff.writeUInt16LE(TAG, 10)
  tiff.writeUInt16LE(SHORT, 12)
  tiff.writeUInt32LE(1, 14)
  tiff.writeUInt16LE(orientation, 18)
  return tiff
}
