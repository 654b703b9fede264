// The dashboard's server as a whole: inert until `start`, ordered in `stop`.
import { buildApp } from './app.ts'
import type { App, Context } from './app.ts'
import { ownGuardMemory } from './auth/guard-memory.ts'
import { Principals } from './auth/principal.ts'
import { Feed } from './feed/feed.ts'
import { dashboardMetrics } from './metrics.ts'
import { RHYTHM } from './options.ts'
import type { DashboardOptions } from './options.ts'
import { trustOf } from './origin.ts'
import type { Ports } from './ports.ts'

export interface Dashboard {
  /** Listens; rejects with the system's error (EADDRINUSE …) when it cannot. */
  start(): Promise<{ port: number }>
  /** Ends feeds (pages come back and resume), answers what was asked, closes. Idempotent. */
  stop(): Promise<void>
}

/** How long answers under way may take once the dashboard stops. */
const LAST_ANSWERS_MS = 5_000

export function createDashboard(options: DashboardOptions, ports: Ports): Dashboard {
  const now = options.now ?? Date.now
  const metrics = dashboardMetrics(options.metrics)
  const principals = new Principals(ports.records, now)
  let running: { readonly app: App; readonly feed: Feed } | undefined
  let stopping: Promise<void> | undefined

  async function start(): Promise<{ port: number }> {
    // Routes are added before the feed exists; they only call it once the server listens.
    let feed: Feed | undefined
    const live: Context['live'] = {
      userChanged: async (userId) => feed?.userChanged(userId),
      changingScope: (whose, change) => (feed === undefined ? change() : feed.changingScope(whose, change)),
    }
    const app = await buildApp({
      ports,
      options,
      now,
      principals,
      metrics,
      live,
      memory: ports.guardMemory ?? ownGuardMemory(),
    })
    await app.ready()
    feed = new Feed({
      server: app.server,
      ports,
      principals,
      metrics,
      log: options.log,
      now,
      rhythm: { ...RHYTHM, ...options.rhythm },
      trusted: trustOf(options.trustedProxies),
      origins: options.origins ?? [],
      parseCookie: (header) => app.parseCookie(header),
    })
    running = { app, feed }
    try {
      await feed.start()
      await app.listen({ host: options.host, port: options.port })
    } catch (error) {
      await stop()
      throw error
    }
    const address = app.server.address()
    return { port: address !== null && typeof address === 'object' ? address.port : options.port }
  }

  function stop(): Promise<void> {
    stopping ??= (async () => {
      if (running === undefined) return
      const { app, feed } = running
      await feed.stop()
      const late = setTimeout(() => app.server.closeAllConnections(), LAST_ANSWERS_MS)
      await app.close()
      clearTimeout(late)
    })()
    return stopping
  }

  return { start, stop }
}
