// A sample of a rejected payload, fit to be kept and shown: at most 1 KiB, without personal values or pictures.
const MAX_SAMPLE_BYTES = 1024

/** Keys whose values name, show or locate a person, in the spellings of the field's terminals. */
const PERSONAL_KEY =
  /("(?:person|personId|personName|persionName|name|idCard|idNum|telnum|phone|mobile|pic|photo|image|face|address|plate|credential)"\s*:\s*)("(?:[^"\\]|\\.)*"|[^,}\]\s]+)/gi
/** Long runs of base64: pictures, certificates, templates of faces. */
const LONG_BASE64 = /[A-Za-z0-9+/_-]{120,}={0,2}/g

/** Text of the payload with personal values and long base64 replaced by their length; bytes that are no text as hex. */
export function redactSample(payload: Uint8Array): string {
  // Twice the kept size is looked at, so that a replacement near the end still sees the whole of what it replaces.
  const head = payload.subarray(0, MAX_SAMPLE_BYTES * 64)
  const text = new TextDecoder('utf-8').decode(head)
  const readable = text.includes('\uFFFD') ? Buffer.from(head.subarray(0, 256)).toString('hex') : text
  const redacted = readable
    .replace(PERSONAL_KEY, (_whole, key: string, value: string) => `${key}"<${value.length}>"`)
    .replace(LONG_BASE64, (run) => `<base64 ${run.length}>`)
    // eslint-disable-next-line no-control-regex
    .replace(/[\u0000-\u001f\u007f]/g, ' ')
  return cutBytes(redacted, MAX_SAMPLE_BYTES)
}

/** The longest prefix of whole characters that fits into `limit` bytes of UTF-8. */
function cutBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= limit) return text
  let end = limit
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end).toString()
}
