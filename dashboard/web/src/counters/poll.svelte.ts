// The hub's figures, read every few seconds while somebody can see them. What was read stays when a reading fails.
import { hubFiguresSchema } from '../../../../contract/http/hub-figures.ts'
import type { HubFigures } from '../../../../contract/http/hub-figures.ts'
import { call } from '../api/client.ts'
import { ROUTES } from '../api/routes.ts'

const EVERY_MS = 5_000

export class FiguresPoll {
  figures = $state.raw<HubFigures | null>(null)
  /** When they came, by this browser's clock, ms. */
  readAt = $state(0)
  error = $state.raw<unknown>(null)
  #timer: ReturnType<typeof setTimeout> | undefined
  #running: AbortController | null = null
  #stopped = true

  /** Answers what ends it. */
  start(): () => void {
    this.#stopped = false
    const look = () => void this.read()
    document.addEventListener('visibilitychange', look)
    look()
    return () => {
      this.#stopped = true
      document.removeEventListener('visibilitychange', look)
      clearTimeout(this.#timer)
      this.#running?.abort()
    }
  }

  async read(): Promise<void> {
    clearTimeout(this.#timer)
    this.#running?.abort()
    if (this.#stopped || document.hidden) return
    const running = new AbortController()
    this.#running = running
    try {
      const figures = await call('GET', ROUTES.counters, hubFiguresSchema, { signal: running.signal })
      if (running.signal.aborted) return
      this.figures = figures
      this.readAt = Date.now()
      this.error = null
    } catch (error) {
      if (running.signal.aborted) return
      this.error = error
    }
    this.#timer = setTimeout(() => void this.read(), EVERY_MS)
  }
}
