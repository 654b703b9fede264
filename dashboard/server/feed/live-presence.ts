// Devices that come and go. When ten thousand do so at once, each page gets the newest state of each, evenly paced, and alarms
// do not wait behind them.
import type { LivePresence } from '../ports.ts'
import type { Audience } from './audience.ts'
import type { FeedServer } from './connection.ts'

/** Socket writes in one round: at 5 µs each, a quarter of a core at most. */
const WRITES_A_ROUND = 5_000

export class LivePresences {
  readonly #io: FeedServer
  readonly #audience: Audience
  /** By device: the newest replaces the one that waits. */
  readonly #waiting = new Map<string, LivePresence>()

  constructor(io: FeedServer, audience: Audience) {
    this.#io = io
    this.#audience = audience
  }

  heard(presence: LivePresence): void {
    this.#waiting.set(presence.deviceId, presence)
  }

  flush(): void {
    let writes = 0
    for (const [deviceId, presence] of this.#waiting) {
      if (writes >= WRITES_A_ROUND) return
      this.#waiting.delete(deviceId)
      const ids = [...this.#audience.within(presence, 'device')].map(({ socket }) => socket.id)
      if (ids.length === 0) continue
      this.#io.to(ids).emit('device', { deviceId, online: presence.online, at: presence.at })
      writes += ids.length
    }
  }
}
