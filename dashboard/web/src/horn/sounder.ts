// The loudspeaker of this page, by WebAudio. What it says of itself is observed, never assumed.
import type { Note } from './tones.ts'

/**
 * running: its clock moves. blocked: the browser lets no page sound before someone has touched it. stalled: it is allowed, but
 * nothing takes its output. missing: this browser has no WebAudio.
 */
export type AudioState = 'running' | 'blocked' | 'stalled' | 'missing'

export interface Sounder {
  /** `mono`: ms of a clock that never jumps. */
  look(mono: number): AudioState
  /** To be called within a touch or a key: only then may a page begin to sound. */
  unlock(): void
  /** Plays the notes now; the returned function cuts them off. Does nothing unless running. */
  play(notes: readonly Note[], gain: number): () => void
  close(): void
}

/** The output's clock stands this long before it is called stalled, ms. */
const STALLED_MS = 2_500
/** Softens beginning and end of a note, so that it does not click, s. */
const EDGE = 0.015

export function webAudioSounder(): Sounder {
  if (typeof AudioContext === 'undefined')
    return { look: () => 'missing', unlock: () => {}, play: () => () => {}, close: () => {} }
  const context = new AudioContext()
  let moved = { time: context.currentTime, mono: -1 }

  return {
    look(mono) {
      if (context.state !== 'running') {
        moved = { time: context.currentTime, mono: -1 }
        return 'blocked'
      }
      if (moved.mono < 0 || context.currentTime !== moved.time) moved = { time: context.currentTime, mono }
      return mono - moved.mono < STALLED_MS ? 'running' : 'stalled'
    },
    unlock() {
      // Refused outside a touch or a key: `look` says so.
      if (context.state !== 'running') context.resume().catch(() => {})
    },
    play(notes, gain) {
      if (context.state !== 'running') return () => {}
      const out = context.createGain()
      out.gain.value = gain
      out.connect(context.destination)
      const begin = context.currentTime + 0.02
      const oscillators = notes.map((note) => {
        const [from, to] = [begin + note.at, begin + note.at + note.seconds]
        const shape = context.createGain()
        shape.gain.setValueAtTime(0, from)
        shape.gain.linearRampToValueAtTime(1, from + EDGE)
        shape.gain.setValueAtTime(1, to - EDGE)
        shape.gain.linearRampToValueAtTime(0, to)
        const oscillator = context.createOscillator()
        oscillator.type = note.wave
        oscillator.frequency.value = note.hz
        oscillator.connect(shape).connect(out)
        oscillator.start(from)
        oscillator.stop(to)
        return oscillator
      })
      return () => {
        for (const oscillator of oscillators) oscillator.stop()
        out.disconnect()
      }
    },
    close() {
      context.close().catch(() => {})
    },
  }
}
