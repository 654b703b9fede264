// What this page says it has opened. Only what someone can see is looked at; what is passed on the way is not worth a word.
import { VIEWING_SECONDS } from '../../../../contract/feed.ts'

/** Rows passed with J and K are not opened to be read, ms. */
const SETTLE_MS = 250

export class Viewing {
  readonly #say: (alarmId: string | null) => void
  #alarmId: string | null = null
  #said: string | null = null
  #settling: ReturnType<typeof setTimeout> | undefined

  constructor(say: (alarmId: string | null) => void) {
    this.#say = say
  }

  /** Until the returned function is called. */
  start(): () => void {
    const settle = () => this.#settle()
    const timer = setInterval(() => this.repeat(), VIEWING_SECONDS * 1000)
    document.addEventListener('visibilitychange', settle)
    return () => {
      clearInterval(timer)
      clearTimeout(this.#settling)
      document.removeEventListener('visibilitychange', settle)
    }
  }

  look(alarmId: string | null): void {
    this.#alarmId = alarmId
    clearTimeout(this.#settling)
    this.#settling = setTimeout(() => this.#settle(), SETTLE_MS)
  }

  /** The hub forgets what is not repeated; a new connection has heard nothing. */
  repeat(): void {
    if (this.#said !== null) this.#say(this.#said)
  }

  #settle(): void {
    const now = document.visibilityState === 'visible' ? this.#alarmId : null
    if (now === this.#said) return
    this.#said = now
    this.#say(now)
  }
}
