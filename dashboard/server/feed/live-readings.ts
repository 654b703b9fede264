// Readings on their way to the pages that watch them: at most four times a second, the newest value of each metric only.
import { inScope } from '../../../records/scope.ts'
import type { LiveReading } from '../ports.ts'
import type { Connection } from './connection.ts'

export interface WatchedReading {
  ts: number
  values: Record<string, number>
}

export class LiveReadings {
  readonly #watchers = new Map<string, Set<Connection>>()
  readonly #due = new Set<Connection>()
  readonly #tellSource: (deviceId: string, watched: boolean) => void

  constructor(tellSource: (deviceId: string, watched: boolean) => void) {
    this.#tellSource = tellSource
  }

  /** Replaces what this page watches. Ids outside its scope are taken and never answered: asking tells nothing. */
  watch(connection: Connection, deviceIds: readonly string[]): void {
    const before = connection.watched
    const watched = new Set(deviceIds)
    // First those that are new, so that what is watched before and after is not let go in between.
    for (const id of watched) {
      const watchers = this.#watchers.get(id) ?? new Set()
      if (watchers.size === 0) this.#tellSource(id, true)
      watchers.add(connection)
      this.#watchers.set(id, watchers)
    }
    for (const id of before) {
      if (watched.has(id)) continue
      this.#leave(connection, id)
      connection.fresh.delete(id)
    }
    connection.watched = watched
  }

  #leave(connection: Connection, id: string): void {
    const watchers = this.#watchers.get(id)
    if (!watchers?.delete(connection) || watchers.size > 0) return
    this.#watchers.delete(id)
    this.#tellSource(id, false)
  }

  forget(connection: Connection): void {
    for (const id of connection.watched) this.#leave(connection, id)
    connection.watched = new Set()
    connection.fresh.clear()
    this.#due.delete(connection)
  }

  /** Called for every sample of the county: costs one lookup for those nobody watches. */
  heard(reading: LiveReading): void {
    const watchers = this.#watchers.get(reading.deviceId)
    if (watchers === undefined) return
    for (const connection of watchers) {
      if (!inScope(connection.principal.scope, reading) || !connection.hears('readings')) continue
      const held = connection.fresh.get(reading.deviceId)
      if (held === undefined) connection.fresh.set(reading.deviceId, { ts: reading.ts, values: { ...reading.values } })
      else if (reading.ts >= held.ts) {
        held.ts = reading.ts
        Object.assign(held.values, reading.values)
      }
      this.#due.add(connection)
    }
  }

  /** One round. A page that has not taken the last one keeps its newest values for the next. */
  flush(): void {
    for (const connection of this.#due) {
      if (connection.backlog.bytes > 0) continue
      const readings = [...connection.fresh].map(([deviceId, { ts, values }]) => ({ deviceId, ts, values }))
      connection.fresh.clear()
      this.#due.delete(connection)
      connection.socket.emit('readings', readings)
    }
  }
}
