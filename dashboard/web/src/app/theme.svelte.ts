// Night on the desk, the system's wish elsewhere, until the person chooses.
import { recall, remember } from './memory.ts'

export const THEMES = ['night', 'day'] as const
export type Theme = (typeof THEMES)[number]

class ThemeChoice {
  #chosen = $state<Theme | null>(recall('theme', THEMES))
  #onDesk = $state(false)
  #system = $state<Theme>('night')

  readonly current = $derived<Theme>(this.#chosen ?? (this.#onDesk ? 'night' : this.#system))

  constructor() {
    const query = matchMedia('(prefers-color-scheme: light)')
    const follow = () => (this.#system = query.matches ? 'day' : 'night')
    follow()
    query.addEventListener('change', follow)
  }

  standOn(desk: boolean): void {
    this.#onDesk = desk
  }

  toggle(): void {
    this.#chosen = this.current === 'night' ? 'day' : 'night'
    remember('theme', this.#chosen)
  }
}

export const theme = new ThemeChoice()
