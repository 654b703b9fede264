// The words last searched for with success, kept in this browser for each user: words only, nothing of what they found.
import { recallText, remember } from '../app/memory.ts'

const MAX = 6
const keyOf = (userId: string): string => `search.recent.${userId}`

export function recentOf(userId: string): string[] {
  const kept = recallText(keyOf(userId))
  if (kept === null || kept === '') return []
  return kept.split('\n').slice(0, MAX)
}

export function addRecent(userId: string, q: string): void {
  const word = q.trim().replaceAll(/\s+/gu, ' ')
  if (word === '') return
  remember(keyOf(userId), [word, ...recentOf(userId).filter((other) => other !== word)].slice(0, MAX).join('\n'))
}

export const clearRecent = (userId: string): void => remember(keyOf(userId), '')
