// The page's side of the service worker: whether a newer version waits, from when what is shown is, and what was touched in a
// notification. Without a worker (no secure context, a private window) the phone is an ordinary page.
import { untrack } from 'svelte'
import { phoneRouter } from './router.svelte.ts'

interface InstallPrompt extends Event {
  prompt(): Promise<unknown>
}

class PhoneWorker {
  registration = $state.raw<ServiceWorkerRegistration | null>(null)
  /** What this page asks passes the worker, which keeps the answers: not so at the very first visit until it stands. */
  controlled = $state(false)
  /** A newer version is there and waits for the person's word. */
  newer = $state(false)
  /** The oldest of what is shown that did not come from the hub just now, ms; null: all did. */
  keptAt = $state<number | null>(null)
  /** An address that a notification leads to while something is being written here. */
  waiting = $state<string | null>(null)
  /** The browser offers to install the page. */
  installable = $state.raw<InstallPrompt | null>(null)
  /** Forms that a person has begun: nothing takes the page away under them. */
  #begun = $state(0)
  #takesOver = false

  readonly busy = $derived(this.#begun > 0)

  start(): void {
    addEventListener('beforeinstallprompt', (event) => {
      event.preventDefault()
      this.installable = event as InstallPrompt
    })
    addEventListener('appinstalled', () => (this.installable = null))
    const { serviceWorker } = navigator
    if (serviceWorker === undefined) return
    serviceWorker.addEventListener(
      'message',
      ({ data }: MessageEvent<{ type: string; at?: number; path?: string }>) => {
        if (data.type === 'kept' && data.at !== undefined) this.keptAt = Math.min(this.keptAt ?? Infinity, data.at)
        if (data.type === 'open' && data.path !== undefined) this.#open(data.path)
      },
    )
    serviceWorker.startMessages()
    this.controlled = serviceWorker.controller !== null
    serviceWorker.addEventListener('controllerchange', () => {
      this.controlled = true
      // Another window may have asked for the new version: this one goes on with what it has loaded.
      if (this.#takesOver) location.reload()
    })
    serviceWorker.register('/m/sw.js', { scope: '/m/' }).then(
      (registration) => this.#follow(registration),
      (error: unknown) => console.warn('no service worker: the phone needs the network', error),
    )
  }

  /** The answer came from the hub. */
  fresh(): void {
    this.keptAt = null
  }

  /** A form was begun; until the returned function is called nothing takes the page away. */
  begin(): () => void {
    untrack(() => (this.#begun += 1))
    let over = false
    return () => {
      if (!over) untrack(() => (this.#begun -= 1))
      over = true
    }
  }

  /** By the person's touch alone. */
  takeNewer(): void {
    this.#takesOver = true
    this.registration?.waiting?.postMessage('take-over')
  }

  #open(path: string): void {
    if (this.busy) this.waiting = path
    else phoneRouter.go(path)
  }

  #follow(registration: ServiceWorkerRegistration): void {
    this.registration = registration
    const look = () => (this.newer = registration.waiting !== null && navigator.serviceWorker.controller !== null)
    look()
    registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', look))
    // A phone that is opened again after a night asks at once.
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') registration.update().catch(() => undefined)
    })
  }
}

export const worker = new PhoneWorker()
