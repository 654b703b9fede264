// Client ids live in a namespace of their device, so that nobody can take over another's session and its queue.
import { randomUUID } from 'node:crypto'

/** A device's id holds no `/`: the first one ends the namespace, whatever the client id contains. */
const SEPARATOR = '/'

/** An empty client id (legal with a clean session, MQTT-3.1.3-6) becomes a unique one. */
export const sessionId = (deviceId: string, clientId: string): string =>
  deviceId + SEPARATOR + (clientId === '' ? randomUUID() : clientId)
