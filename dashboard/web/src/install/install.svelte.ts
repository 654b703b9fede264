// One device on its way to the wall: what is known of it, what comes next.
import { createdDeviceSchema, deviceSchema } from '../../../../contract/http/devices.ts'
import type { Device } from '../../../../contract/http/devices.ts'
import type { LiveReadings } from '../../../../contract/feed.ts'
import { installedSchema, replacedSchema } from '../../../../contract/http/installs.ts'
import type { Install } from '../../../../contract/http/installs.ts'
import type { KindName } from '../../../../contract/kinds/kind.ts'
import { CallError, call } from '../api/client.ts'
import { failureText } from '../api/failure-text.ts'
import { ROUTES } from '../api/routes.ts'
import type { LiveValue } from '../devices/device.svelte.ts'
import type { Label } from './label.ts'

export const STEPS = ['device', 'place', 'power', 'check', 'photo', 'done'] as const
export type Step = (typeof STEPS)[number]

export class Installation {
  step = $state<Step>('device')
  id = $state('')
  kind = $state<KindName>('electricity')
  /** The device of that id in service within the installer's scope, if there is one. */
  inService = $state.raw<Device | null>(null)
  device = $state.raw<Device | null>(null)
  token = $state<string | null>(null)
  values = $state.raw<ReadonlyMap<string, LiveValue>>(new Map())
  firstReadingAt = $state<number | null>(null)
  startedAt = $state<number | null>(null)
  finishedAt = $state<number | null>(null)
  working = $state(false)
  message = $state.raw<string | null>(null)

  /** The clock of an installation starts with its device. */
  begin(label: Label, now: number): void {
    this.id = label.id
    this.kind = label.kind ?? this.kind
    this.startedAt ??= now
  }

  /** Looks whether there is something to replace; a prepared or unknown device goes on to its place. */
  async look(now: number): Promise<void> {
    this.startedAt ??= now
    await this.#doing(async () => {
      const known = await call('GET', ROUTES.device(this.id), deviceSchema).catch((error: unknown) => {
        if (error instanceof CallError && error.code === 'not_found') return null
        throw error
      })
      if (known !== null) this.kind = known.kind
      if (known?.lifecycle === 'in_service') this.inService = known
      else this.step = 'place'
    })
  }

  register(given: Omit<Install, 'id' | 'kind'>): Promise<void> {
    return this.#doing(async () => {
      const body = { id: this.id, kind: this.kind, ...given }
      this.#registered(await call('POST', ROUTES.installations, installedSchema, { body }))
    })
  }

  replace(serial: string): Promise<void> {
    return this.#doing(async () => {
      const body = serial === '' ? {} : { serial }
      this.#registered(await call('POST', ROUTES.replaceDevice(this.id), replacedSchema, { body }))
    })
  }

  /** `hubNow`: the hub's time, ms. */
  take(readings: LiveReadings, hubNow: number): void {
    for (const { deviceId, ts, values } of readings) {
      if (deviceId !== this.id || this.device === null) continue
      this.values = new Map([
        ...this.values,
        ...Object.entries(values).map(([name, value]) => [name, { value, ts }] as const),
      ])
      this.device = { ...this.device, online: true, lastHeardAt: hubNow, lifecycle: 'in_service' }
      this.firstReadingAt ??= hubNow
    }
  }

  present(online: boolean): void {
    if (this.device !== null) this.device = { ...this.device, online }
  }

  finish(now: number): void {
    this.step = 'done'
    this.finishedAt = now
  }

  #registered(answer: Device & { readonly token: string }): void {
    const { token, ...device } = createdDeviceSchema.parse(answer)
    this.device = device
    this.token = token
    this.step = 'power'
  }

  async #doing(work: () => Promise<void>): Promise<void> {
    this.working = true
    this.message = null
    try {
      await work()
    } catch (error) {
      this.message = failureText(error)
    }
    this.working = false
  }
}
