// One clock for all ages on the page: ticks once a second.
class Now {
  ms = $state(Date.now())

  constructor() {
    setInterval(() => (this.ms = Date.now()), 1_000)
  }
}

export const now = new Now()
