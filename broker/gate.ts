// Whether a connection may be read. Anything that must wait shuts the gate under its own name; it opens when nobody holds it.

export const Hold = {
  /** The login is being decided, or the core has not answered yet. */
  login: 1,
  /** Too much is not yet safe. */
  window: 2,
  /** The core is behind with its packets. */
  core: 4,
  /** Messages wait for their device's rate, and something waits behind them. */
  rate: 8,
  /** Nothing more is read, ever. */
  leaving: 16,
} as const
export type Hold = (typeof Hold)[keyof typeof Hold]

export interface GateOwner {
  /** The last hold is gone. */
  gateOpened(): void
}

export class Gate {
  #holds = 0
  readonly #owner: GateOwner

  constructor(owner: GateOwner) {
    this.#owner = owner
  }

  get isOpen(): boolean {
    return this.#holds === 0
  }

  isHeld(hold: Hold): boolean {
    return (this.#holds & hold) !== 0
  }

  hold(hold: Hold): void {
    this.#holds |= hold
  }

  release(hold: Hold): void {
    if ((this.#holds & hold) === 0) return
    this.#holds &= ~hold
    if (this.#holds === 0) this.#owner.gateOpened()
  }
}
