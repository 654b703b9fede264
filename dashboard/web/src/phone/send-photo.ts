// One picture to the hub, for what it shows.
import { fileSchema } from '../../../../contract/http/files.ts'
import { CallError, failureOf } from '../api/client.ts'
import { ROUTES, withQuery } from '../api/routes.ts'

/** A picture of a few hundred KB over a bad network; longer than this it will not come. */
const TIMEOUT_MS = 60_000

export async function sendPhoto(subject: string, name: string, picture: Blob): Promise<void> {
  let answer: Response
  try {
    answer = await fetch(withQuery(ROUTES.files, { subject, name }), {
      method: 'POST',
      body: picture,
      headers: { 'content-type': picture.type },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch (error) {
    const late = error instanceof DOMException && error.name === 'TimeoutError'
    throw new CallError(late ? 'timeout' : 'unreachable', 0, String(error))
  }
  const body: unknown = await answer.json().catch(() => undefined)
  if (!answer.ok) throw failureOf(answer.status, body)
  if (!fileSchema.safeParse(body).success) throw new CallError('unexpected', answer.status, 'no file')
}
