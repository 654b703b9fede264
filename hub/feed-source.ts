// What happens now, from the pipeline to whoever listens. Listeners return at once and never throw.
import type { FeedSource, LivePresence, LiveReading } from '../dashboard/server/ports.ts'
import type { CommittedTransition } from '../records/ledger.ts'

class Listeners<T> {
  private readonly listeners = new Set<(value: T) => void>()

  add(listener: (value: T) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  tell(value: T): void {
    for (const listener of this.listeners) listener(value)
  }

  get any(): boolean {
    return this.listeners.size > 0
  }
}

export class LiveFeed implements FeedSource {
  readonly transitions = new Listeners<readonly CommittedTransition[]>()
  readonly presence = new Listeners<LivePresence>()
  readonly readings = new Listeners<LiveReading>()

  onTransitions(listener: (committed: readonly CommittedTransition[]) => void): () => void {
    return this.transitions.add(listener)
  }

  onPresence(listener: (presence: LivePresence) => void): () => void {
    return this.presence.add(listener)
  }

  onReading(listener: (reading: LiveReading) => void): () => void {
    return this.readings.add(listener)
  }
}
