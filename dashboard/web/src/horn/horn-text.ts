// The horn's state as one of few: what it cannot do comes before what it does.
import type { TextKey } from '../text/dictionary.ts'
import type { AudioState } from './sounder.ts'

export type HornWord = Exclude<AudioState, 'running'> | 'muted' | 'armed' | 'unchecked'

export interface HornFacts {
  readonly audio: AudioState
  readonly mutedUntil: number | null
  readonly armed: boolean
}

export function hornWord({ audio, mutedUntil, armed }: HornFacts): HornWord {
  if (audio !== 'running') return audio
  if (mutedUntil !== null) return 'muted'
  return armed ? 'armed' : 'unchecked'
}

/** What to do about audio that does not run. */
export const REMEDY = {
  blocked: 'soundcheck.blocked',
  stalled: 'soundcheck.stalled',
  missing: 'soundcheck.missing',
} as const satisfies Record<Exclude<AudioState, 'running'>, TextKey>
