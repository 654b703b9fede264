// Counts the logins of a device in fixed windows, to slow one that comes and goes all the time. Only logins with the right
// token count: whoever merely knows an id cannot slow its device. Time is an argument (monotonic ms).

interface Window {
  from: number
  logins: number
}

export class FlappingWatch {
  readonly #limit: number
  readonly #windowMs: number
  readonly #windows = new Map<string, Window>()

  constructor(limit: number, windowMs: number) {
    this.#limit = limit
    this.#windowMs = windowMs
  }

  /** Counts one login; true when it is one too many. */
  login(device: string, now: number): boolean {
    let window = this.#windows.get(device)
    if (!window || now - window.from >= this.#windowMs) {
      window = { from: now, logins: 0 }
      this.#windows.set(device, window)
    }
    window.logins += 1
    return window.logins > this.#limit
  }

  /** Takes one login back: the hub itself ended that connection, so the device is not to blame for returning. */
  forgive(device: string): void {
    const window = this.#windows.get(device)
    if (window && window.logins > 0) window.logins -= 1
  }

  sweep(now: number): void {
    for (const [device, window] of this.#windows) {
      if (now - window.from >= this.#windowMs) this.#windows.delete(device)
    }
  }
}
