// A part of the page that nobody needs in its first second: fetched right after it, and kept, so that it is there when the line
// is not.

/** Between two tries, ms. */
const AGAIN_MS = 5_000

export class Soon<Part> {
  part = $state.raw<Part | null>(null)
  readonly #fetch: () => Promise<{ default: Part }>

  constructor(fetch: () => Promise<{ default: Part }>) {
    this.#fetch = fetch
  }

  /** Until the returned function is called. */
  start(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined
    const fetch = (): void => {
      this.#fetch().then(
        ({ default: part }) => (this.part = part),
        () => (timer = setTimeout(fetch, AGAIN_MS)),
      )
    }
    fetch()
    return () => clearTimeout(timer)
  }
}
