// What the wall shows beside the feed: figures that the hub counts, and the map. What could not be fetched stays as it was, with
// its age; nothing is kept but the newest.
import { wallMapSchema, wallSchema } from '../../../../contract/http/wall.ts'
import type { WallFigures, WallMap } from '../../../../contract/http/wall.ts'
import { call } from '../api/client.ts'
import { ROUTES } from '../api/routes.ts'

const FIGURES_MS = 10_000
/** After a transition the counts follow soon, however many come. */
const SOON_MS = 1_500
const MAP_MS = 5 * 60_000
/** Older figures are said to be old, ms. */
export const STALE_MS = 45_000

export class WallState {
  figures = $state.raw<WallFigures | null>(null)
  map = $state.raw<WallMap | null>(null)
  /** When the figures came, by this page's clock. */
  fetchedAt = $state<number | null>(null)
  #asking = false
  #soon: ReturnType<typeof setTimeout> | null = null

  /** Until the returned function is called. */
  follow(): () => void {
    void this.#figures()
    void this.#map()
    const timers = [setInterval(() => void this.#figures(), FIGURES_MS), setInterval(() => void this.#map(), MAP_MS)]
    return () => {
      for (const timer of timers) clearInterval(timer)
      if (this.#soon !== null) clearTimeout(this.#soon)
    }
  }

  /** Something happened that the figures count. */
  changed(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = null
      void this.#figures()
    }, SOON_MS)
  }

  async #figures(): Promise<void> {
    if (this.#asking) return
    this.#asking = true
    try {
      this.figures = await call('GET', ROUTES.wall, wallSchema)
      this.fetchedAt = Date.now()
    } catch (error) {
      console.warn('the figures of the wall could not be read', error)
    } finally {
      this.#asking = false
    }
  }

  async #map(): Promise<void> {
    try {
      const map = await call('GET', ROUTES.wallMap, wallMapSchema)
      // The same map again must not be drawn again.
      if (JSON.stringify(map) !== JSON.stringify(this.map)) this.map = map
    } catch (error) {
      console.warn('the map of the wall could not be read', error)
    }
  }
}
