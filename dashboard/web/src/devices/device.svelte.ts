// One device as its page shows it: what the hub has on file, and its newest values as they come.
import { pageOf } from '../../../../contract/http/common.ts'
import { deviceSchema, latestSchema, rejectionSchema } from '../../../../contract/http/devices.ts'
import type { Device, Latest, Rejection } from '../../../../contract/http/devices.ts'
import type { LiveReadings } from '../../../../contract/feed.ts'
import { call } from '../api/client.ts'
import { isReadingStoreAway } from '../api/failure-text.ts'
import { ROUTES, withQuery } from '../api/routes.ts'

export interface LiveValue {
  readonly value: number
  readonly ts: number
}

export class DeviceState {
  device = $state.raw<Device | null>(null)
  values = $state.raw<ReadonlyMap<string, LiveValue>>(new Map())
  /** The newest samples of what was refused, to be marked on the charts. */
  rejections = $state.raw<readonly Rejection[]>([])
  error = $state.raw<unknown>(null)
  /** Its newest values could not be read, because their store is away; what comes live is shown. */
  valuesError = $state.raw<unknown>(null)
  readonly #id: string

  constructor(id: string) {
    this.#id = id
  }

  async load(): Promise<void> {
    try {
      const [device, latest, rejected] = await Promise.all([
        call('GET', ROUTES.device(this.#id), deviceSchema),
        this.#latest(),
        call('GET', withQuery(ROUTES.rejections(this.#id), { limit: 20 }), pageOf(rejectionSchema)),
      ])
      this.device = device
      this.rejections = rejected.items
      this.#merge(latest.values.map(({ metric, value, ts }) => [metric, { value, ts }]))
      this.error = null
    } catch (error) {
      this.error = error
    }
  }

  async #latest(): Promise<Pick<Latest, 'values'>> {
    try {
      const latest = await call('GET', ROUTES.latest(this.#id), latestSchema)
      this.valuesError = null
      return latest
    } catch (error) {
      // Who it is and what happens now is worth the page without them.
      if (!isReadingStoreAway(error)) throw error
      this.valuesError = error
      return { values: [] }
    }
  }

  /** `hubNow`: the hub's time, ms. */
  take(readings: LiveReadings, hubNow: number): void {
    for (const reading of readings) {
      if (reading.deviceId !== this.#id) continue
      this.#merge(Object.entries(reading.values).map(([metric, value]) => [metric, { value, ts: reading.ts }]))
      if (this.device !== null) this.device = { ...this.device, lastHeardAt: hubNow }
    }
  }

  present(online: boolean): void {
    if (this.device !== null) this.device = { ...this.device, online }
  }

  /** The newest of each metric, whichever way it came. */
  #merge(entries: readonly (readonly [string, LiveValue])[]): void {
    const merged = new Map(this.values)
    for (const [metric, live] of entries) {
      const held = merged.get(metric)
      if (held === undefined || held.ts <= live.ts) merged.set(metric, live)
    }
    this.values = merged
  }
}
