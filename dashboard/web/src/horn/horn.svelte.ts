// The horn of this desk: asks what should sound (decide.ts), lets it sound, and says what it can and cannot do.
import type { Alarm } from '../../../../contract/alarms.ts'
import type { AckLevel } from '../../../../contract/role-names.ts'
import { takenAt, ackOf } from '../desk/alarm-state.ts'
import type { Feed } from '../feed/feed.svelte.ts'
import { textOf } from '../text/dictionary.ts'
import { decide, hear, loudest, muted, SILENT, unverified } from './decide.ts'
import type { Call, HornState, Instant } from './decide.ts'
import type { AudioState, Sounder } from './sounder.ts'
import { checkBeeps, GAIN, TONES } from './tones.ts'
import type { Voice } from './voice.ts'
import type { WakeLock, WakeState } from './wake-lock.ts'

const TICK_MS = 250
const GESTURES = ['pointerdown', 'keydown'] as const

export interface Edges {
  readonly sounder: Sounder
  readonly voice: Voice
  readonly wakeLock: (tell: (state: WakeState) => void) => WakeLock
}

export class Horn {
  audio = $state<AudioState>('blocked')
  /** The hub's time at which 消音 ends; null while not muted. */
  mutedUntil = $state<number | null>(null)
  /** Something calls that 消音 could silence. */
  calls = $state(false)
  /** Alarms that call because nobody has said what they were. */
  unverified = $state.raw<readonly string[]>([])
  /** When the officer last proved to have heard the beeps, hub time. */
  soundCheckedAt = $state<number | null>(null)
  wake = $state<WakeState>('off')
  speaks = $state(false)
  /** Heard at the check, and still able to sound. */
  readonly armed = $derived(this.soundCheckedAt !== null && this.audio === 'running')

  readonly #feed: Feed
  readonly #edges: Edges
  readonly #level: () => AckLevel
  readonly #wakeLock: WakeLock
  #state: HornState = SILENT
  #call: Call | null = null
  #cut: () => void = () => {}

  /** `level`: whose 接警 silences an alarm here. */
  constructor(feed: Feed, edges: Edges, level: () => AckLevel) {
    this.#feed = feed
    this.#level = level
    this.#edges = edges
    this.#wakeLock = edges.wakeLock((state) => (this.wake = state))
  }

  /** Until the returned function is called. */
  start(): () => void {
    const unlock = () => this.#edges.sounder.unlock()
    for (const gesture of GESTURES) addEventListener(gesture, unlock, { capture: true })
    const timer = setInterval(() => this.refresh(), TICK_MS)
    unlock()
    this.refresh()
    return () => {
      clearInterval(timer)
      for (const gesture of GESTURES) removeEventListener(gesture, unlock, { capture: true })
      this.#become(null)
      this.#wakeLock.stop()
      this.#edges.sounder.close()
    }
  }

  /** With every change of the list or the link, and four times a second. */
  refresh(): void {
    const { sounder, voice } = this.#edges
    const now = this.#now()
    this.audio = sounder.look(now.mono)
    this.speaks = voice.can()
    const { listed, alarms, link } = this.#feed
    this.#state = hear(
      this.#state,
      { alarms: listed ? takenAt(alarms, this.#level()) : null, link, pageNow: Date.now() },
      now,
    )
    this.mutedUntil = this.#state.mute?.untilWall ?? null
    this.calls = loudest(this.#state, now) !== null
    const waiting = unverified(this.#state)
    if (waiting.join() !== this.unverified.join()) this.unverified = waiting
    this.#become(decide(this.#state, now, this.speaks))
  }

  mute(): void {
    this.#state = muted(this.#state, this.#now())
    this.refresh()
  }

  /** Plays the beeps of the sound check. */
  beep(count: number): void {
    this.#edges.sounder.unlock()
    this.#edges.sounder.play(checkBeeps(count), GAIN.check)
  }

  /** The officer counted right. */
  arm(): void {
    this.soundCheckedAt = this.#now().wall
    this.#wakeLock.hold()
  }

  #now(): Instant {
    return { mono: performance.now(), wall: Date.now() + this.#feed.clockOffset }
  }

  /** A call that ended is cut off at once; each new one is sounded once. */
  #become(due: Call | null): void {
    // What cannot sound has not sounded: it is due until it does.
    const call = this.audio === 'running' ? due : null
    if (call?.key === this.#call?.key) return
    const { sounder, voice } = this.#edges
    this.#cut()
    this.#cut = () => {}
    if (this.#call !== null && this.#call.say !== null) voice.stop()
    this.#call = call
    if (call === null) return
    const said = call.say === null ? undefined : this.#feed.alarms.find((alarm) => alarm.id === call.say)
    if (said === undefined) this.#cut = sounder.play(TONES[call.pattern], call.loud ? GAIN.loud : GAIN.usual)
    else voice.say(wordsOf(said, ackOf(said, this.#level()) !== null))
  }
}

/** Place and signal, in Chinese whatever the language of the page: it is for whoever is in the room. */
function wordsOf(alarm: Alarm, taken: boolean): string {
  const place = [...alarm.place.slice(alarm.place.length > 2 ? 1 : 0), alarm.deviceName].join('，')
  return textOf('zh', taken ? 'horn.say_unverified' : 'horn.say', {
    priority: textOf('zh', `priority.${alarm.priority}`),
    title: alarm.title.zh,
    place,
  })
}
