// Who is on the feed, grouped by scope: whether something is in scope is asked once a group, not once a screen.
import type { DownEvents } from '../../../contract/feed.ts'
import { inScope } from '../../../records/scope.ts'
import type { PlaceOfThing, Scope } from '../../../records/scope.ts'
import type { Connection } from './connection.ts'

interface Group {
  readonly scope: Scope
  readonly connections: Set<Connection>
}

export class Audience {
  readonly #groups = new Map<string, Group>()
  readonly #users = new Map<string, Set<Connection>>()
  readonly #addresses = new Map<string, number>()
  readonly #all = new Set<Connection>()

  get size(): number {
    return this.#all.size
  }

  add(connection: Connection): void {
    const { scope, scopeKey, userId } = connection.principal
    const group = this.#groups.get(scopeKey) ?? { scope, connections: new Set() }
    group.connections.add(connection)
    this.#groups.set(scopeKey, group)
    const own = this.#users.get(userId) ?? new Set()
    own.add(connection)
    this.#users.set(userId, own)
    this.#addresses.set(connection.address, this.fromAddress(connection.address) + 1)
    this.#all.add(connection)
  }

  remove(connection: Connection): void {
    if (!this.#all.delete(connection)) return
    const { scopeKey, userId } = connection.principal
    const group = this.#groups.get(scopeKey)
    group?.connections.delete(connection)
    if (group?.connections.size === 0) this.#groups.delete(scopeKey)
    const own = this.#users.get(userId)
    own?.delete(connection)
    if (own?.size === 0) this.#users.delete(userId)
    const left = this.fromAddress(connection.address) - 1
    if (left > 0) this.#addresses.set(connection.address, left)
    else this.#addresses.delete(connection.address)
  }

  fromAddress(address: string): number {
    return this.#addresses.get(address) ?? 0
  }

  all(): Iterable<Connection> {
    return this.#all
  }

  ofUser(userId: string): readonly Connection[] {
    return [...(this.#users.get(userId) ?? [])]
  }

  groups(): Iterable<Group> {
    return this.#groups.values()
  }

  /** Those who may hear of something at this place. */
  *within(place: PlaceOfThing, event: keyof DownEvents): Iterable<Connection> {
    for (const { scope, connections } of this.#groups.values()) {
      if (!inScope(scope, place)) continue
      for (const connection of connections) if (connection.hears(event)) yield connection
    }
  }
}
