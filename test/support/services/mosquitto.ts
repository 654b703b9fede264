// Debian's Mosquitto, as the broker that a county already runs. Sessions and what they hold survive its restarts.
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePort } from '../hub-process.ts'
import { missing, startServer } from './server-process.ts'
import type { ServerProcess } from './server-process.ts'

export const MOSQUITTO_MISSING = missing('mosquitto')

export interface MosquittoServer extends ServerProcess {
  readonly url: string
}

/** `lines`: more of its configuration, e.g. a password file; `{directory}` stands for its folder. */
export async function startMosquitto(lines: readonly string[] = ['allow_anonymous true']): Promise<MosquittoServer> {
  const port = await freePort()
  const server = await startServer({
    name: 'mosquitto',
    port,
    program: 'mosquitto',
    arguments: (directory) => ['-c', join(directory, 'mosquitto.conf')],
    prepare: (directory) =>
      writeFileSync(
        join(directory, 'mosquitto.conf'),
        [
          `listener ${port} 127.0.0.1`,
          'persistence true',
          `persistence_location ${directory}/`,
          // After every change: a killed broker still knows what it promised.
          'autosave_on_changes true',
          'autosave_interval 1',
          'max_queued_messages 100000',
          'max_inflight_messages 100',
          ...(process.getuid?.() === 0 ? ['user root'] : []),
          ...lines.map((line) => line.replaceAll('{directory}', directory)),
          '',
        ].join('\n'),
      ),
    ready: () =>
      new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1')
        socket.once('connect', () => (socket.destroy(), resolve(true)))
        socket.once('error', () => resolve(false))
      }),
  })
  return Object.assign(server, { url: `mqtt://127.0.0.1:${port}` })
}
