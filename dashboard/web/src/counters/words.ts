// Reasons as people read them. The hub may know one that this page does not: then its own word is shown.
import type { TextKey } from '../text/dictionary.ts'
import { t } from '../text/language.svelte.ts'
import { zh } from '../text/zh.ts'

type ReasonKey = Extract<TextKey, `refused.${string}` | `rejection.${string}`>
const isKey = (key: string): key is ReasonKey => Object.hasOwn(zh, key)
const wordOf = (key: string, reason: string): string => (isKey(key) ? t(key) : reason)

export const rejectionWord = (reason: string): string => wordOf(`rejection.${reason}`, reason)
export const refusalWord = (reason: string): string => wordOf(`refused.${reason}`, reason)

/** What has happened at all, most often first. */
export const happened = (counts: Readonly<Record<string, number>>): [reason: string, count: number][] =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
