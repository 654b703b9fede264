// Whether the connections of a shared subscription keep each device's order. A broker that deals messages out in turn
// (Mosquitto always does, EMQX unless told) gives those of one device to all of them, and one connection may be behind another.
interface Seen {
  readonly lane: number
  readonly at: number
}

export class OrderWatch {
  #broken = false
  readonly #last = new Map<string, Seen>()

  /** A device's messages came over two connections that were both open all the time. */
  get broken(): boolean {
    return this.#broken
  }

  /** `openSince`: of each connection; null: it is not open. Brokers deal anew when one comes or goes, which proves nothing. */
  saw(deviceId: string, lane: number, at: number, openSince: readonly (number | null)[]): void {
    const before = this.#last.get(deviceId)
    const wasOpen = (which: number): boolean => (openSince[which] ?? Infinity) < (before?.at ?? 0)
    if (before !== undefined && before.lane !== lane && wasOpen(before.lane) && wasOpen(lane)) this.#broken = true
    this.#last.set(deviceId, { lane, at })
  }
}
