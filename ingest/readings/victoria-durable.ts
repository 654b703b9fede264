// When is a sample that VictoriaMetrics took safe from the death of its process? Not when it answers, and not after
// /internal/force_flush, which only makes samples visible: both keep them in memory. Creating a snapshot writes everything
// taken before it to disk, synced: ten milliseconds in a young store, about two a part in one of many months. The snapshot itself
// is deleted at once.
//
// A snapshot proves it only for the process that took the samples, which is known by the second it started in. One that
// started less than two seconds ago is not written to yet: what is killed and started again within a second would be the same.
import { setTimeout as pause } from 'node:timers/promises'
import type { VictoriaHttp } from './victoria-http.ts'
import { unavailable } from './unavailable.ts'

/** Its /metrics are up to a second old. */
const SETTLED_S = 2
const LOOK_AGAIN_MS = 250
const LONGEST_MS = 2_000

export class VictoriaDurability {
  readonly #http: VictoriaHttp
  /** Of the process that takes the samples, s. */
  #startedAt: number | null = null
  /** How long the last confirmation took, ms; one that was held up by something else counts no more than the longest. */
  tookMs = 0
  /** Snapshots that are not deleted yet. */
  readonly #left = new Set<string>()

  constructor(http: VictoriaHttp) {
    this.#http = http
  }

  /** Before the first write of a group. */
  async begin(): Promise<void> {
    if (this.#startedAt !== null) return
    let { startedAt, uptime } = await this.#process()
    while (uptime < SETTLED_S) {
      await pause(LOOK_AGAIN_MS)
      ;({ startedAt, uptime } = await this.#process())
    }
    this.#startedAt = startedAt
  }

  /** Resolves when everything acknowledged since `begin` is on disk; rejects when the process that took it may be gone. */
  async confirm(): Promise<void> {
    const began = performance.now()
    const before = this.#startedAt
    // Whatever happens now, the next group begins with a process that is known.
    this.#startedAt = null
    const { snapshot } = JSON.parse(await this.#http.get('/snapshot/create')) as { snapshot?: string }
    if (snapshot === undefined) throw unavailable('VictoriaMetrics 建不了快照。', 'VictoriaMetrics made no snapshot.')
    this.#left.add(snapshot)
    const [{ startedAt }] = await Promise.all([this.#process(), this.#deleteSnapshots()])
    if (before !== startedAt)
      throw unavailable('VictoriaMetrics 重启了，重新写入。', 'VictoriaMetrics was restarted; it is written again.')
    this.#startedAt = startedAt
    this.tookMs = Math.min(LONGEST_MS, performance.now() - began)
  }

  async #deleteSnapshots(): Promise<void> {
    for (const name of this.#left) {
      const deleted = await this.#http
        .get(`/snapshot/delete?snapshot=${encodeURIComponent(name)}`)
        .then((answer) => (JSON.parse(answer) as { status?: string }).status === 'ok')
        .catch(() => false)
      // One that is left is tried again the next time; what it holds is on disk all the same.
      if (deleted) this.#left.delete(name)
    }
  }

  /** Start and age of the process, s. */
  async #process(): Promise<{ startedAt: number; uptime: number }> {
    const metrics = await this.#http.get('/metrics')
    const read = (name: string): number =>
      Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(metrics)?.[1] ?? NaN)
    const [startedAt, uptime] = [read('vm_app_start_timestamp'), read('vm_app_uptime_seconds')]
    if (Number.isNaN(startedAt) || Number.isNaN(uptime))
      throw unavailable(
        'VictoriaMetrics 的 /metrics 不完整，无法确认已落盘。',
        'What VictoriaMetrics says of itself at /metrics is not enough to confirm a write.',
      )
    return { startedAt, uptime }
  }
}
