// More power than a room is let with, for longer than a motor takes to start. REC: this project's own figure; no standard gives
// one for a question.
import type { PromptEvidence } from '../../contract/http/prompts.ts'
import { MINUTE } from './minutes.ts'
import type { Minutes } from './minutes.ts'

/** Minutes on end above the limit. */
const LEAST_MINUTES = 3

/** The longest stretch above the limit; null: none was long enough. */
export function overloadIn({ from, watts }: Minutes, limitWatts: number): PromptEvidence | null {
  let best: PromptEvidence | null = null
  let start = 0
  let highest = 0
  for (let at = 0; at <= watts.length; at++) {
    const value = watts[at] ?? null
    if (value !== null && value > limitWatts) {
      if (highest === 0) start = at
      highest = Math.max(highest, value)
      continue
    }
    const length = at - start
    if (highest > 0 && length >= LEAST_MINUTES && (best === null || length * MINUTE > best.to - best.from))
      best = { from: from + start * MINUTE, to: from + at * MINUTE, watts: Math.round(highest), limitWatts }
    highest = 0
  }
  return best
}
