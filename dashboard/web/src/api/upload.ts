// A large body with its progress; fetch cannot tell how far it is.
import type * as z from 'zod'
import { CallError, failureOf } from './client.ts'

/** Nothing answers a 16 MiB table within seconds, but an import that takes longer than this has been lost. */
const TIMEOUT_MS = 120_000

/** `onSent` hears the share sent, 0 to 1. */
export function upload<T extends z.ZodType>(
  path: string,
  file: Blob,
  schema: T,
  onSent: (share: number) => void,
  type = 'text/csv',
): Promise<z.infer<T>> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', path)
    request.setRequestHeader('content-type', type)
    request.timeout = TIMEOUT_MS
    request.upload.onprogress = (event) => event.lengthComputable && onSent(event.loaded / event.total)
    request.ontimeout = () => reject(new CallError('timeout', 0, 'no answer in time'))
    request.onerror = () => reject(new CallError('unreachable', 0, 'the hub cannot be reached'))
    request.onload = () => {
      const body = parsedOrUndefined(request.responseText)
      if (request.status < 200 || request.status > 299) return reject(failureOf(request.status, body))
      const parsed = schema.safeParse(body)
      if (parsed.success) resolve(parsed.data)
      else reject(new CallError('unexpected', request.status, parsed.error.message))
    }
    request.send(file)
  })
}

function parsedOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
