// The other dashboards: what their pages have opened, and whose access was changed there.
import type { AccessChange, Peers, Viewing } from '../../dashboard/server/ports.ts'
import type { LedgerChange } from '../../records/ledger/cluster.ts'
import { VIEWING_CHANNEL } from '../keys.ts'
import type { Redis } from 'ioredis'
import type { Subscriber } from '../subscriber.ts'

export interface ClusterPeersOptions {
  readonly redis: Redis
  readonly subscriber: Subscriber
  /** Of this process. */
  readonly nodeId: string
  /** Setting that changes with who sees which places, and the beginning of those that change with what one user sees. */
  readonly scopeMarks: { readonly places: string; readonly user: string }
}

interface Told {
  readonly from: string
  readonly page: string
  readonly viewing: Viewing | null
}

type ViewingListener = (page: string, viewing: Viewing | null) => void

export class ClusterPeers implements Peers {
  private readonly options: ClusterPeersOptions
  private readonly accessListeners = new Set<(change: AccessChange) => void>()

  constructor(options: ClusterPeersOptions) {
    this.options = options
  }

  /** What the log of changes says about access, told to whoever listens. */
  changed(changes: readonly LedgerChange[]): void {
    for (const change of changes) {
      const access = this.accessOf(change)
      if (access !== null) for (const listener of this.accessListeners) listener(access)
    }
  }

  onAccess(listener: (change: AccessChange) => void): () => void {
    this.accessListeners.add(listener)
    return () => this.accessListeners.delete(listener)
  }

  tellViewing(page: string, viewing: Viewing | null): void {
    const told: Told = { from: this.options.nodeId, page, viewing }
    // Pages repeat it: one that is lost comes again.
    this.options.redis.publish(VIEWING_CHANNEL, JSON.stringify(told)).catch(() => undefined)
  }

  onViewing(listener: ViewingListener): () => void {
    const { subscriber, nodeId } = this.options
    return subscriber.on(VIEWING_CHANNEL, (text) => {
      // Written by `tellViewing` of another process of this cluster.
      const { from, page, viewing } = JSON.parse(text) as Told
      if (from !== nodeId) listener(`${from}/${page}`, viewing)
    })
  }

  private accessOf({ what, id }: LedgerChange): AccessChange | null {
    const { places, user } = this.options.scopeMarks
    if (what === 'user') return { what: 'user', userId: id }
    if (what === 'session') return { what: 'session', id }
    if (what === 'token') return { what: 'token' }
    if (what !== 'setting') return null
    if (id === places) return { what: 'places' }
    return id.startsWith(user) ? { what: 'user', userId: id.slice(user.length) } : null
  }
}
