// The sounds themselves, as notes: told apart by rhythm and pitch, within 0.3–1.2 kHz, where old ears and small speakers are.
import type { Call } from './decide.ts'

export interface Note {
  /** Seconds from the beginning. */
  readonly at: number
  readonly seconds: number
  readonly hz: number
  readonly wave: 'sine' | 'triangle' | 'square'
}

const note = (at: number, seconds: number, hz: number, wave: Note['wave'] = 'triangle'): Note => ({
  at,
  seconds,
  hz,
  wave,
})
/** `count` notes, one every `every` seconds. */
const row = (count: number, every: number, seconds: number, hz: (index: number) => number, wave?: Note['wave']) =>
  Array.from({ length: count }, (_, index) => note(index * every, seconds, hz(index), wave))

export const TONES: Record<Call['pattern'], readonly Note[]> = {
  /** Two tones in turn, without a pause. */
  p1: row(8, 0.25, 0.24, (index) => (index % 2 === 0 ? 970 : 730), 'square'),
  /** Three even beeps. */
  p2: row(3, 0.45, 0.3, () => 660),
  /** Two soft notes upward. */
  p3: [note(0, 0.35, 523, 'sine'), note(0.3, 0.7, 659, 'sine')],
  /** Two low notes downward: no alarm, but nobody would hear one. */
  link: [note(0, 0.4, 440), note(0.5, 0.7, 330)],
}

/** The beeps of the sound check, slow enough to count. */
export const CHECK_EVERY_SECONDS = 0.7
export const checkBeeps = (count: number): readonly Note[] => row(count, CHECK_EVERY_SECONDS, 0.28, () => 880)

/** Of full scale. A square wave is heard far louder than its figure. */
export const GAIN = { usual: 0.3, loud: 0.9, check: 0.4 } as const
