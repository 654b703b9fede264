// Where the page is: the browser's history, and nothing of its own.
import { placeOf } from './path.ts'

class Router {
  #pathname = $state(location.pathname)
  #search = $state(location.search)

  readonly place = $derived(placeOf(this.#pathname))
  readonly query = $derived(new URLSearchParams(this.#search))

  constructor() {
    addEventListener('popstate', () => this.#read())
    addEventListener('click', (event) => this.#onClick(event))
  }

  go(path: string, how: 'push' | 'replace' = 'push'): void {
    if (how === 'push') history.pushState(null, '', path)
    else history.replaceState(null, '', path)
    this.#read()
  }

  /** Changes parameters of the present address; null or '' removes one. */
  setQuery(changes: Readonly<Record<string, string | null>>): void {
    const query = new URLSearchParams(location.search)
    for (const [name, value] of Object.entries(changes))
      if (value === null || value === '') query.delete(name)
      else query.set(name, value)
    const search = query.toString()
    this.go(location.pathname + (search === '' ? '' : `?${search}`), 'replace')
  }

  #read(): void {
    this.#pathname = location.pathname
    this.#search = location.search
  }

  /** Links are plain links; those of this page do not load it again. */
  #onClick(event: MouseEvent): void {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (link === null || link.target !== '' || link.hasAttribute('download') || link.origin !== location.origin) return
    event.preventDefault()
    if (link.pathname + link.search !== location.pathname + location.search) this.go(link.pathname + link.search)
  }
}

export const router = new Router()
