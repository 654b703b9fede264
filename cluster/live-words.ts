// What workers tell dashboards by pub/sub and keep for them in hashes, and how the answers to requests are worded: one file, so
// that both sides agree.
import type { ActOutcome, CommandOutcome, DeviceAccount } from '../dashboard/server/ports.ts'

/** As a field of `presenceOf(partition)`. */
export interface KnownPresence {
  readonly online: boolean
  /** Wall time of the owner, ms; null: never. */
  readonly lastHeardAt: number | null
}

export const encodePresence = ({ online, lastHeardAt }: KnownPresence): string =>
  `${online ? 1 : 0} ${lastHeardAt === null ? '' : Math.round(lastHeardAt)}`

/** null: not the word of this program. */
export function decodePresence(text: string): KnownPresence | null {
  const [online, heard] = text.split(' ')
  if ((online !== '0' && online !== '1') || heard === undefined) return null
  const lastHeardAt = heard === '' ? null : Number(heard)
  return lastHeardAt !== null && !Number.isFinite(lastHeardAt) ? null : { online: online === '1', lastHeardAt }
}

/** As a field of `countsOf(partition)`: the account of one device, since its owner has it; in the order of received = stored + rejected. */
export const encodeCounts = ({ since, messages, received, stored, rejected, byReason }: DeviceAccount): string =>
  JSON.stringify([since, messages, received, stored, rejected, byReason])

/** null: not the word of this program. */
export function decodeCounts(text: string): DeviceAccount | null {
  const [since, messages, received, stored, rejected, byReason] = (parsed(text) ?? []) as unknown[]
  if (![since, messages, received, stored, rejected].every(Number.isSafeInteger) || typeof byReason !== 'object')
    return null
  return { since, messages, received, stored, rejected, byReason } as DeviceAccount
}

/** On PRESENCE_CHANNEL: devices that came or went, oldest first, many in one message. */
export interface PresenceNews {
  readonly deviceId: string
  readonly online: boolean
  /** Wall time, ms. */
  readonly at: number
}

export const encodePresenceNews = (news: readonly PresenceNews[]): string =>
  JSON.stringify(news.map(({ deviceId, online, at }) => [deviceId, online ? 1 : 0, Math.round(at)]))

export function decodePresenceNews(text: string): PresenceNews[] {
  const rows = parsed(text)
  if (!Array.isArray(rows)) return []
  return rows.flatMap((row: unknown) => {
    const [deviceId, online, at] = Array.isArray(row) ? (row as unknown[]) : []
    return typeof deviceId === 'string' && typeof at === 'number' ? [{ deviceId, online: online === 1, at }] : []
  })
}

/** On `readingChannel(device)`: newest values, of a device that somebody watches. */
export interface ReadingNews {
  /** Sample time, ms. */
  readonly ts: number
  readonly values: Readonly<Record<string, number>>
}

export const encodeReadingNews = ({ ts, values }: ReadingNews): string => JSON.stringify({ ts, values })

export function decodeReadingNews(text: string): ReadingNews | null {
  const news = parsed(text) as Partial<ReadingNews> | null
  if (typeof news?.ts !== 'number' || typeof news.values !== 'object' || news.values === null) return null
  return { ts: news.ts, values: news.values }
}

/** Nobody decided it in time, and nobody will: it may be asked again. */
export interface TooLate {
  readonly ok: false
  readonly refusal: 'expired'
}
/** Bodies of the ledger's `answers`. */
export type ActAnswer = ActOutcome | TooLate
export type CommandAnswer = CommandOutcome | TooLate

export const encodeAnswer = (answer: ActAnswer | CommandAnswer): string => JSON.stringify(answer)
export const decodeAnswer = <T extends ActAnswer | CommandAnswer>(body: string): T => JSON.parse(body) as T

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
