// Where the phone is. Its own links do not load the page again; all others do.
import { phonePlaceOf } from './path.ts'

class PhoneRouter {
  #pathname = $state(location.pathname)
  readonly place = $derived(phonePlaceOf(this.#pathname))

  constructor() {
    addEventListener('popstate', () => (this.#pathname = location.pathname))
    addEventListener('click', (event) => {
      const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
      const link = event.target instanceof Element ? event.target.closest('a') : null
      if (!plain || event.defaultPrevented || link === null || link.target !== '') return
      if (link.origin !== location.origin || !link.pathname.startsWith('/m/')) return
      event.preventDefault()
      this.go(link.pathname)
    })
  }

  go(path: string): void {
    if (path !== location.pathname) history.pushState(null, '', path)
    this.#pathname = location.pathname
    scrollTo(0, 0)
  }
}

export const phoneRouter = new PhoneRouter()
