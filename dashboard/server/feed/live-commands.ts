// Commands that went on, to whoever may see their device. People send them one at a time: each is passed on as it comes.
import type { LiveCommand } from '../ports.ts'
import type { Audience } from './audience.ts'
import type { FeedServer } from './connection.ts'

export class LiveCommands {
  readonly #io: FeedServer
  readonly #audience: Audience

  constructor(io: FeedServer, audience: Audience) {
    this.#io = io
    this.#audience = audience
  }

  heard(live: LiveCommand): void {
    const { command } = live
    const ids = [...this.#audience.within(live, 'command')].map(({ socket }) => socket.id)
    if (ids.length > 0) this.#io.to(ids).emit('command', { deviceId: command.deviceId, command })
  }
}
