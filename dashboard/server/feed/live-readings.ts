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

  /** Replaces what this page watches. Ids outside its scope are taken and never answered: asking tells nothing. */
  watch(connection: Connection, deviceIds: readonly string[]): void {
    this.forget(connection)
    connection.watched = new Set(deviceIds)
    for (const id of connection.watched) {
      const watchers = this.#watchers.get(id) ?? new Set()
      watchers.add(connection)
      this.#watchers.set(id, watchers)
    }
  }

  forget(connection: Connection): void {
    for (const id of connection.watched) {
      const watchers = this.#watchers.get(id)
      watchers?.delete(connection)
      if (watchers?.size === 0) this.#watchers.delete(id)
    }
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
